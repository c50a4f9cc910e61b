"""Both descriptions, as generators of clients take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.described import api, channel

Place = tuple[str, ...]
DESCRIPTIONS = pytest.mark.parametrize("description", [api(), channel()], ids=["api", "channel"])


def parts(value: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every object of a document, with the keys that lead to it."""
    if isinstance(value, dict):
        yield place, value
        for key, inner in value.items():
            yield from parts(inner, (*place, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from parts(inner, (*place, str(number)))


def components_of(value: Any) -> set[str]:
    """Names of the schemas that a part of the API's description refers to, near or far."""
    schemas, found, new = api()["components"]["schemas"], set[str](), [value]
    while new:
        names = {p["$ref"].rpartition("/")[2] for _, p in parts(new.pop()) if "$ref" in p} - found
        found |= names
        new += [schemas[name] for name in names]
    return found


def operations() -> list[dict[str, Any]]:
    return [operation for path in api()["paths"].values() for operation in path.values()]


def test_nothing_in_a_body_has_a_default() -> None:
    bodies = [operation["requestBody"] for operation in operations() if "requestBody" in operation]
    schemas = [api()["components"]["schemas"][name] for name in components_of(bodies)]

    assert schemas
    taken = [*bodies, *schemas, channel()]
    assert [place for place, part in parts(taken) if "default" in part] == []


@DESCRIPTIONS
def test_what_has_certain_values_says_of_which_type(description: dict[str, Any]) -> None:
    certain = [(place, part) for place, part in parts(description) if {"enum", "const"} & set(part)]

    assert certain
    assert [place for place, part in certain if "type" not in part] == []


@DESCRIPTIONS
def test_schemas_have_titles_of_their_own_and_fields_have_none(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    titled = {place for place, part in parts(schemas) if isinstance(part.get("title"), str)}

    assert titled == {(name,) for name in schemas}
    assert {name: schema["title"] for name, schema in schemas.items()} == {n: n for n in schemas}


def test_what_is_taken_and_what_is_given_are_other_schemas() -> None:
    taken = components_of([operation.get("requestBody") for operation in operations()])
    given = components_of([operation["responses"] for operation in operations()])
    lists = {name for name, schema in api()["components"]["schemas"].items() if "enum" in schema}

    assert taken & given <= lists


def test_only_a_204_has_no_body() -> None:
    empty = {
        status
        for operation in operations()
        for status, answer in operation["responses"].items()
        if "content" not in answer
    }

    assert empty == {"204", "304"}


def test_all_refusals_have_one_type() -> None:
    refused = {
        str(answer["content"]["application/json"]["schema"])
        for operation in operations()
        for status, answer in operation["responses"].items()
        if int(status) >= 400 and "text/html" not in answer["content"]  # a page for people
    }

    assert refused == {str({"$ref": "#/components/schemas/Error"})}


def test_every_frame_and_action_has_a_named_schema_and_so_has_all_in_it() -> None:
    messages = channel()["components"]["messages"].values()
    inner = parts(channel()["components"]["schemas"])

    assert len({message["payload"]["$ref"] for message in messages}) == len(messages)
    assert [p for p, part in inner if {"properties", "enum"} & set(part) and len(p) > 1] == []
