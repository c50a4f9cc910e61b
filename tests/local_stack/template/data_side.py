"""The part of the transformed template that MiniStack deploys: everything that keeps data.

What the gateway serves (functions, APIs, schedules), what only exists in the cloud (CloudFront's
functions, CodeDeploy, alarms) and what MiniStack gets wrong is left out or rewritten here, and only
here. The distribution is there by name, so that its caches can be invalidated; the local edge has
none.
"""

import string
from collections.abc import Iterable, Mapping
from typing import Any

from tests.local_stack.template.intrinsics import Values, condition, references, resolve

_DEPLOYED_TYPES = frozenset(
    {
        "AWS::CloudFront::Distribution",
        "AWS::DynamoDB::Table",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::SSM::Parameter",
    }
)
# What outlives its stack does so here as well.
_KEPT_BY = ("DeletionPolicy", "UpdateReplacePolicy")


def existing(resources: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """The resources whose condition holds."""
    return {
        name: resource
        for name, resource in resources.items()
        if "Condition" not in resource or condition(resource["Condition"], values)
    }


def is_deployed(resource: Mapping[str, Any]) -> bool:
    """True when MiniStack holds the resource, False when the gateway stands in for it."""
    return resource["Type"] in _DEPLOYED_TYPES


def data_template(
    resources: Mapping[str, Any], values: Values, asked_for: Iterable[str]
) -> dict[str, Any]:
    """A CloudFormation template of the data side, with an output for each name asked for.

    Args:
        resources: those of the transformed template whose condition holds.
        values: parameters and stand-ins; references to the deployed resources stay open.
        asked_for: references ("Table", "Table.Arn") whose values are wanted after the deploy.
    """
    deployed = {
        name: _edited(resource, values)
        for name, resource in resources.items()
        if is_deployed(resource)
    }
    outputs = {
        output_name(number): {"Value": _reference(name)} for number, name in enumerate(asked_for)
    }
    return {"Resources": deployed, "Outputs": outputs}


def open_references(node: Any, deployed: Iterable[str]) -> list[str]:
    """What `node` still refers to among the deployed resources, sorted, each once."""
    names = set(deployed)
    return sorted({name for name in references(node) if name.split(".")[0] in names})


def output_name(number: int) -> str:
    """Name of the output that carries the n-th value asked for."""
    return f"Value{number}"


def _reference(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}


def _edited(resource: Mapping[str, Any], values: Values) -> dict[str, Any]:
    properties = resolve(resource.get("Properties", {}), values)
    if resource["Type"] == "AWS::SecretsManager::Secret":
        _exclude_punctuation(properties)
    if resource["Type"] == "AWS::CloudFront::Distribution":
        # What stands behind it is the gateway's. Which errors it keeps can be looked up.
        kept_errors = properties["DistributionConfig"].get("CustomErrorResponses", [])
        known = {"Enabled": True, "Comment": "the local edge", "CustomErrorResponses": kept_errors}
        properties = {"DistributionConfig": known}
    if resource["Type"] == "AWS::S3::BucketPolicy":
        _allow_plain_http(properties)
    kept = {name: resource[name] for name in _KEPT_BY if name in resource}
    return {"Type": resource["Type"], **kept, "Properties": properties}


def _exclude_punctuation(secret: dict[str, Any]) -> None:
    """ExcludePunctuation spelled out, because MiniStack reads only ExcludeCharacters."""
    generated = secret.get("GenerateSecretString", {})
    if generated.pop("ExcludePunctuation", False):
        excluded = generated.get("ExcludeCharacters", "") + string.punctuation
        generated["ExcludeCharacters"] = excluded


def _allow_plain_http(policy: dict[str, Any]) -> None:
    """Without "only over TLS": nothing on the loopback interface is encrypted."""
    document = policy["PolicyDocument"]
    document["Statement"] = [
        statement
        for statement in document["Statement"]
        if "aws:SecureTransport" not in statement.get("Condition", {}).get("Bool", {})
    ]
