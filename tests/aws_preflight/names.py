"""Names that the template gives: how long they get, and which are the same for every deployment.

Names that CloudFormation makes by itself (tables, bucket, roles) are cut to fit and never taken.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.local_stack.template.intrinsics import Values, references, resolve
from tests.support.template import template

# CloudFormation, CreateStack: StackName.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
# Parameter names may not begin with these, whatever their case (Systems Manager, PutParameter).
_NO_PARAMETER = ("aws", "ssm")


@dataclass(frozen=True)
class Rule:
    """Where a type of resource has its name, and the most characters that AWS takes there."""

    path: tuple[str, ...]
    most: int


# From the API of each: CreateFunction, CreateFunction of CloudFront, and so on.
_RULES = {
    "AWS::Serverless::Function": Rule(("FunctionName",), 64),
    "AWS::CloudFront::Function": Rule(("Name",), 64),
    "AWS::CloudFront::OriginAccessControl": Rule(("OriginAccessControlConfig", "Name"), 64),
    "AWS::CloudFront::ResponseHeadersPolicy": Rule(("ResponseHeadersPolicyConfig", "Name"), 128),
    "AWS::CloudWatch::Dashboard": Rule(("DashboardName",), 255),
    "AWS::Cognito::UserPool": Rule(("UserPoolName",), 128),
    "AWS::Logs::LogGroup": Rule(("LogGroupName",), 512),
    "AWS::SSM::Parameter": Rule(("Name",), 1011),
}


@dataclass(frozen=True)
class Name:
    """What one resource will be called.

    Attributes:
        fixed: whether every stack of this name in this Region gives the same one.
    """

    type: str
    text: str
    fixed: bool
    most: int


def names(stack: str, region: str) -> Iterator[Name]:
    """Every name that the template gives, as far as it is known before the deployment."""
    for resource in template()["Resources"].values():
        rule = _RULES.get(resource["Type"])
        given = _given(resource, rule) if rule else None
        if rule is None or given is None:
            continue
        text, other = (resolve(given, _values(stack, region, by)) for by in "01")
        if not list(references(text)):
            yield Name(resource["Type"], text, text == other, rule.most)


def most_characters(region: str) -> int:
    """How long a stack's name may be, so that every name made of it fits."""
    return min(name.most - len(name.text) + 1 for name in names("x", region))


def problem(stack: str, region: str) -> str | None:
    """What is wrong with a stack's name, None if nothing is."""
    most = most_characters(region)
    if _STACK_NAME.fullmatch(stack) is None:
        return "a letter first, then letters, digits and hyphens"
    if len(stack) > most:
        return f"it has {len(stack)} characters; more than {most} are too many for its functions"
    if stack.lower().startswith(_NO_PARAMETER):
        return "it begins with aws or ssm, which its parameter in Systems Manager must not"
    return None


def _given(resource: Mapping[str, Any], rule: Rule) -> Any:
    found = resource.get("Properties", {})
    for step in rule.path:
        found = found.get(step, {})
    return found or None


def _values(stack: str, region: str, digit: str) -> Values:
    """What is known beforehand; the id of a stack is not, but its length is."""
    uuid = "-".join(digit * length for length in (8, 4, 4, 4, 12))
    account = digit * 12
    arn = f"arn:aws:cloudformation:{region}:{account}:stack/{stack}/{uuid}"
    return Values(
        {
            "AWS::StackName": stack,
            "AWS::Region": region,
            "AWS::StackId": arn,
            "AWS::AccountId": account,
        }
    )
