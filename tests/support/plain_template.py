"""template.yaml as CloudFormation gets it: transformed, and resolved for given parameters."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.local_stack.template.data_side import existing
from tests.local_stack.template.intrinsics import Values
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS, with_stand_ins
from tests.local_stack.template.transform import parameter_values, read_template, transform
from tests.support.template import ROOT

KEY = {"GeminiApiKey": "key-of-the-model"}
OWN_ISSUER = {**KEY, "Issuer": "https://issuer.test/x", "Audience": "chat", "ClientId": "page"}


def plain(**given: str) -> dict[str, Any]:
    """The transformed template for these parameters; only the Gemini key is given by itself."""
    return _transformed(tuple(sorted({**KEY, **given}.items())))


@cache
def _transformed(given: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    template = pickle.loads(_read())  # noqa: S301 - of this process
    return transform(template, parameter_values(template, dict(given)))


@cache
def _read() -> bytes:
    """The translator changes what it is given, and reading again takes longer than copying."""
    return pickle.dumps(read_template(ROOT / "template.yaml"))


def resources(**given: str) -> dict[str, dict[str, Any]]:
    """The resources that exist with these parameters, as they stand."""
    template = plain(**given)
    return existing(template["Resources"], parameters(**given))


def values(**given: str) -> Values:
    """What references mean with these parameters; AWS's names are logical ids here."""
    return with_stand_ins(resources(**given), parameters(**given))


def parameters(**given: str) -> Values:
    """What parameters and conditions mean, and AWS's own names; no resource has one."""
    template = plain(**given)
    known = parameter_values(template, {**KEY, **given})
    return Values({**PSEUDO_PARAMETERS, **known}, {}, template["Conditions"], template["Mappings"])


def of_kind(kind: str, **given: str) -> dict[str, dict[str, Any]]:
    """Whole resources of one type, by logical id."""
    return {n: r for n, r in resources(**given).items() if r["Type"] == kind}


def properties(kind: str, **given: str) -> dict[str, dict[str, Any]]:
    """Properties of the resources of one type, by logical id."""
    return {n: r.get("Properties", {}) for n, r in of_kind(kind, **given).items()}


def as_list(value: Any) -> list[Any]:
    """IAM and CloudFormation take one or several in many places."""
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy that gives a permission, with the resource it is in."""
    for name, role in properties("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            yield from ((name, s) for s in as_list(policy["PolicyDocument"]["Statement"]))
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"):
        for name, policy in properties(kind).items():
            yield from ((name, s) for s in as_list(policy["PolicyDocument"]["Statement"]))
