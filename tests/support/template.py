"""template.yaml as data, its short-form intrinsics (`!Ref X`) in their long form."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    pass


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    return parsed((ROOT / "template.yaml").read_text("utf-8"))


def parsed(text: str) -> dict[str, Any]:
    """A template as data."""
    # A subclass of the safe loader.
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506
    return found


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Properties of the resources of one type, e.g. `AWS::DynamoDB::Table`, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def http_routes() -> dict[str, str]:
    """Logical id of the function behind every `METHOD /path` of the HTTP API."""
    routes: dict[str, str] = {}
    for function, properties in of_type("AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                asked = event["Properties"]
                routes[f"{asked['Method']} {asked['Path']}"] = function
    return routes
