"""Values for the resources the gateway serves itself, so that references to them resolve.

What `Ref` and `Fn::GetAtt` give for each type: "Template reference" of the AWS CloudFormation
user guide, section "Return values" of each resource type.
"""

from collections.abc import Mapping
from typing import Any

from tests.local_stack.names import ACCOUNT, PARTITION, REGION, STACK_NAME, URL_SUFFIX
from tests.local_stack.template.intrinsics import Values, resolve

PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK_NAME}/local",
    "AWS::URLSuffix": URL_SUFFIX,
}


def function_arn(name: str, qualifier: str | None = None) -> str:
    """ARN of a function, or of one of its aliases."""
    arn = f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def api_id(logical_id: str) -> str:
    """The id that stands for API Gateway's random one."""
    return logical_id.lower()[:10]


def with_stand_ins(resources: Mapping[str, Any], values: Values) -> Values:
    """`values` and the references to every resource of `resources`, none of them deployed."""
    refs, attributes = dict(values.refs), dict(values.attributes)
    extended = Values(refs, attributes, values.conditions, values.mappings)
    # Aliases and permissions refer to functions, so those come first.
    for kind in (_functions, _versions, _aliases, _apis, _others):
        kind(resources, extended, refs, attributes)
    return extended


def _of_type(resources: Mapping[str, Any], *types: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, resource.get("Properties", {}))
        for name, resource in resources.items()
        if resource["Type"] in types
    ]


def _functions(
    resources: Mapping[str, Any], values: Values, refs: dict[str, Any], attributes: dict[str, Any]
) -> None:
    for logical_id, properties in _of_type(resources, "AWS::Lambda::Function"):
        name = resolve(properties.get("FunctionName", f"{STACK_NAME}-{logical_id}"), values)
        refs[logical_id] = name
        attributes[f"{logical_id}.Arn"] = function_arn(name)


def _versions(
    resources: Mapping[str, Any], values: Values, refs: dict[str, Any], attributes: dict[str, Any]
) -> None:
    for logical_id, properties in _of_type(resources, "AWS::Lambda::Version"):
        refs[logical_id] = function_arn(resolve(properties["FunctionName"], values), "1")
        attributes[f"{logical_id}.Version"] = "1"


def _aliases(
    resources: Mapping[str, Any], values: Values, refs: dict[str, Any], attributes: dict[str, Any]
) -> None:
    for logical_id, properties in _of_type(resources, "AWS::Lambda::Alias"):
        name = resolve(properties["FunctionName"], values)
        refs[logical_id] = function_arn(name, properties["Name"])


def _apis(
    resources: Mapping[str, Any], values: Values, refs: dict[str, Any], attributes: dict[str, Any]
) -> None:
    for logical_id, _ in _of_type(resources, "AWS::ApiGatewayV2::Api"):
        identifier = api_id(logical_id)
        refs[logical_id] = attributes[f"{logical_id}.ApiId"] = identifier
        host = f"{identifier}.execute-api.{REGION}.{URL_SUFFIX}"
        attributes[f"{logical_id}.ApiEndpoint"] = f"https://{host}"


def _others(
    resources: Mapping[str, Any], values: Values, refs: dict[str, Any], attributes: dict[str, Any]
) -> None:
    for logical_id in resources:
        refs.setdefault(logical_id, logical_id)
    for logical_id, _ in _of_type(resources, "AWS::CloudFront::Distribution"):
        attributes[f"{logical_id}.DomainName"] = f"{logical_id.lower()}.cloudfront.net"
        attributes[f"{logical_id}.Id"] = logical_id
    for logical_id, _ in _of_type(resources, "AWS::CloudWatch::Alarm"):
        attributes[f"{logical_id}.Arn"] = (
            f"arn:{PARTITION}:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK_NAME}-{logical_id}"
        )
    for logical_id, _ in _of_type(resources, "AWS::Events::Rule", "AWS::Scheduler::Schedule"):
        attributes[f"{logical_id}.Arn"] = (
            f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/{STACK_NAME}-{logical_id}"
        )
