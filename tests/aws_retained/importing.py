"""The template by which CloudFormation takes in what was left: those resources and nothing else."""

from collections.abc import Iterable
from typing import Any

from tests.aws_retained.left import Left
from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.local_stack.template.transform import parameter_values
from tests.support.template import template


def template_of(stack: str, left: Iterable[Left]) -> dict[str, Any]:
    """Each as in the bundle's template, with the defaults of parameters written out.

    An import neither changes nor compares what it takes in. The deployment after it changes what
    was answered otherwise.
    """
    known = parameter_values(template(), {"GeminiApiKey": ""})
    values = Values({**known, "AWS::StackName": stack}, {}, template()["Conditions"])
    return {"Resources": {one.logical_id: _written_out(one, values) for one in left}}


def _written_out(one: Left, values: Values) -> dict[str, Any]:
    resource = dict(template()["Resources"][one.logical_id])
    resource.pop("Condition", None)
    return {**resource, "Properties": _known(resolve(resource["Properties"], values))}


def _known(node: Any) -> Any:
    """Without what names a resource that is not there yet, like the page of an invitation."""
    if not isinstance(node, dict):
        return node
    return {
        name: _known(value)
        for name, value in node.items()
        if (isinstance(value, dict) and not _is_call(value)) or not list(references(value))
    }


def _is_call(node: dict[str, Any]) -> bool:
    return len(node) == 1 and next(iter(node)).startswith(("Ref", "Fn::"))
