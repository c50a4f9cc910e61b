"""Commands of AWS's CLI in the documentation have operations and options that AWS has.

They have not been run, so at least nothing in them is made up: the CLI makes its commands and most
of its options from the same models that botocore has.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from tests.support.docs import PAGES

PREFLIGHT = Path(__file__).parents[1] / "aws_preflight"
# `aws service some-operation`, up to what ends a command in a shell; without a hyphen it is one
# that the CLI makes by hand (`aws s3 rb`).
_COMMAND = re.compile(
    r"\baws ([a-z0-9-]+) ([a-z0-9]+(?:-[a-z0-9]+)+)((?:[^|;)`\n\"']|\"[^\"]*\"|'[^']*')*)"
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_INSIDE = re.compile(r"\$\(([^()]*)\)")
_OPTION = re.compile(r"(?<=\s)--([a-z][a-z0-9-]+)")
# Of the CLI itself, for every command.
_ITS_OWN = {"output", "query", "region", "profile"}


@cache
def session() -> botocore.session.Session:
    return botocore.session.Session()


def commands(text: str) -> set[tuple[str, str, frozenset[str]]]:
    """Service, operation and options of each command, also of one inside another."""
    text = re.sub(r"\\\n\s*", " ", text)
    found = set()
    while inner := _INSIDE.search(text):
        found |= commands(inner[1])
        text = text.replace(inner[0], "")
    for service, operation, rest in _COMMAND.findall(text):
        options = frozenset(_OPTION.findall(_QUOTED.sub("", rest))) - _ITS_OWN
        found.add((service, operation, options))
    return found


def said() -> set[tuple[str, str, frozenset[str]]]:
    """What the documentation says, and what `make preflight` tells people to do."""
    told = [
        node.value
        for path in PREFLIGHT.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {one for text in [*PAGES.values(), *told] for one in commands(text)}


def options_of(service: str, operation: str) -> set[str]:
    """What the CLI would take for an operation; a flag has a "no-" beside it."""
    loader = session().get_component("data_loader")
    model = ServiceModel(loader.load_service_model(service, "service-2"), service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"aws {service} has no {operation}"
    shape = model.operation_model(names[operation]).input_shape
    members = shape.members if shape else {}
    found = {xform_name(name, "-") for name in members}
    return found | {
        f"no-{xform_name(name, '-')}"
        for name, member in members.items()
        if member.type_name == "boolean"
    }


def test_there_are_commands() -> None:
    assert len(said()) > 15


@pytest.mark.parametrize("command", sorted(said(), key=str), ids=lambda c: f"{c[0]} {c[1]}")
def test_a_command_has_only_what_aws_has(command: tuple[str, str, frozenset[str]]) -> None:
    service, operation, options = command

    assert options - options_of(service, operation) == set()
