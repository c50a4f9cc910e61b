"""The whole way from template.yaml to a deployed data side and a `Serving`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_stack.template.data_side import (
    data_template,
    existing,
    is_deployed,
    open_references,
)
from tests.local_stack.template.deployment import Deployment
from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.local_stack.template.read_apis import read_http_api, read_schedules, read_websocket
from tests.local_stack.template.read_edge import read_edge
from tests.local_stack.template.read_functions import read_functions
from tests.local_stack.template.serving import Serving
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS, with_stand_ins
from tests.local_stack.template.transform import (
    SOURCE_BUCKET,
    parameter_values,
    read_template,
    transform,
)
from tests.local_stack.template.versions import Versions, with_digests

# What is read to serve; everything else of the cloud side is left out.
_SERVED = ("AWS::Lambda::", "AWS::ApiGatewayV2::", "AWS::Events::", "AWS::Scheduler::", "AWS::IAM")

_AT_THE_EDGE = ("AWS::S3::BucketPolicy", "AWS::CloudFront::Function")


@dataclass(frozen=True)
class Plan:
    """What to deploy, what to ask for, and what is left to resolve with the answers."""

    resources: Mapping[str, Any]  # existing ones of the transformed template
    values: Values
    asked_for: tuple[str, ...]

    def data_template(self) -> dict[str, Any]:
        """The CloudFormation template for MiniStack."""
        return data_template(self.resources, self.values, self.asked_for)

    def serving(
        self, deployment: Deployment, root: Path, versions: Versions | None = None
    ) -> Serving:
        """What the gateway serves, once the data side has its names.

        Args:
            root: folder of template.yaml.
            versions: of the functions, before this deployment; None if it is the first.

        Raises:
            DeploymentError: versions that Lambda refuses.
        """
        answers = deployment.values
        refs = {**self.values.refs, **{k: v for k, v in answers.items() if "." not in k}}
        attributes = {**self.values.attributes, **{k: v for k, v in answers.items() if "." in k}}
        values = Values(refs, attributes, self.values.conditions, self.values.mappings)
        resources: Mapping[str, Any] = {
            name: _with_identity(name, _resolved(name, resource, values), values)
            for name, resource in self.resources.items()
            if resource["Type"].startswith(_SERVED)
        }
        resources = (versions or Versions(None)).deploy(resources)
        return Serving(
            functions=read_functions(resources, root),
            http_api=read_http_api(resources),
            websocket=read_websocket(resources),
            schedules=read_schedules(resources),
            edge=read_edge(self.resources, values, deployment.physical_ids),
        )


def _resolved(name: str, resource: Mapping[str, Any], values: Values) -> dict[str, Any]:
    resolved: dict[str, Any] = resolve(
        {"Type": resource["Type"], "Properties": resource.get("Properties", {})}, values
    )
    unknown = sorted(set(references(resolved)))
    if unknown:
        raise ValueError(f"{name} in template.yaml refers to what is unknown here: {unknown}")
    return resolved


def _with_identity(name: str, resource: dict[str, Any], values: Values) -> dict[str, Any]:
    """The resource with its own ARN and reference, for those that are looked up by them."""
    arn = values.attributes.get(f"{name}.Arn")
    if resource["Type"] == "AWS::IAM::Role":
        resource["Properties"]["Arn"] = arn
    return {**resource, "Arn": arn, "Id": values.refs.get(name)}


def make_plan(template_path: Path, parameters: Mapping[str, str]) -> Plan:
    """Reads and transforms the template with those of the given parameters that it declares."""
    template = read_template(template_path)
    with_digests(template, template_path.parent, SOURCE_BUCKET)
    declared = template.get("Parameters", {})
    given = parameter_values(template, {k: v for k, v in parameters.items() if k in declared})
    plain = transform(template, given)
    conditions, mappings = plain.get("Conditions", {}), plain.get("Mappings", {})
    values = Values({**PSEUDO_PARAMETERS, **given}, {}, conditions, mappings)
    resources = existing(plain["Resources"], values)
    stand_ins = {name: r for name, r in resources.items() if not is_deployed(r)}
    values = with_stand_ins(stand_ins, values)
    served = [resolve(r, values) for r in resources.values() if r["Type"].startswith(_SERVED)]
    roles = [f"{name}.Arn" for name, r in resources.items() if r["Type"] == "AWS::IAM::Role"]
    edge = [r for r in resources.values() if r["Type"] in _AT_THE_EDGE]
    domains = [
        f"{name}.DomainName"
        for name, r in resources.items()
        if r["Type"] == "AWS::CloudFront::Distribution"
    ]
    asked = {*open_references([served, edge], resources), *roles, *domains}
    asked -= {name for name in asked if name.split(".")[0] in stand_ins}
    return Plan(resources, values, tuple(sorted(asked)))
