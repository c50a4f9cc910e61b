"""The client library's types against the API's and the channel's own descriptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from afterimage import frames
from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.http.openapi import document

DECLARATIONS = (
    Path(__file__).parents[2] / "functions" / "web_page" / "static" / "unified_channel.d.ts"
).read_text("utf-8")
SIGNALS = {"state", "change", "error"}  # of the library itself


def block(opening: str) -> str:
    """What stands between an opening brace, by the words before it, and its closing one."""
    found = re.search(
        rf"^( *){re.escape(opening)} {{\n(.*?)^\1}}", DECLARATIONS, re.MULTILINE | re.DOTALL
    )
    assert found, f"nothing begins with {opening!r}"
    return found[2]


def fields(body: str) -> set[str]:
    """Names declared directly in a block, with `?` where they may be missing."""
    indent = re.match(r" *", body)
    assert indent
    return {
        name.strip('"') + optional
        for name, optional in re.findall(rf'^{indent[0]}([\w"-]+)(\??):', body, re.MULTILINE)
    }


def words(text: str) -> set[str]:
    return set(re.findall(r'"([^"]+)"', text))


def union(name: str) -> set[str]:
    found = re.search(rf"^export type {name} =(.*?);", DECLARATIONS, re.MULTILINE | re.DOTALL)
    assert found, name
    return words(found[1])


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    components: dict[str, Any] = document("https://page.test")["components"]["schemas"]
    return components


@pytest.mark.parametrize("name", ["Image", "MessageError", "Message", "Chat", "Answer"])
def test_a_type_has_the_fields_that_are_sent(schemas: dict[str, Any], name: str) -> None:
    assert fields(block(f"export interface {name}")) == set(schemas[name]["properties"])


def test_meta_has_the_fields_that_are_sent(schemas: dict[str, Any]) -> None:
    assert fields(block("meta:")) == set(schemas["Meta"]["properties"])


def test_words_are_those_that_are_sent(schemas: dict[str, Any]) -> None:
    assert union("Status") == set(schemas["Status"]["enum"])
    assert union("AspectRatio") == set(ASPECT_RATIOS)
    code = re.search(r"code:(.*?);", block("export interface MessageError"), re.DOTALL)
    assert code
    assert words(code[1]) == set(schemas["FailureCode"]["enum"])


def test_every_event_of_the_channel_has_its_payload() -> None:
    sent = {
        name: fields_of(hints["payload"])
        for kind in get_args(frames.Frame)
        if get_args((hints := get_type_hints(kind))["type"]) == ("broadcast",)
        for name in get_args(hints["event"])
    }
    declared = block("export interface Events")

    assert fields(declared) == set(sent) | SIGNALS
    for name, payload in sent.items():
        line = re.search(rf'"{name}": {{(.*)}};', declared)
        assert line, name
        assert set(re.findall(r"(\w+):", line[1])) == payload, name


def test_an_option_may_be_undefined_and_needs_no_type_of_a_browser() -> None:
    options = re.findall(r"^  \w+\?: (.*);$", block("export interface Options"), re.MULTILINE)

    assert len(options) == 6
    assert all(kind.endswith("| undefined") for kind in options)
    assert "typeof" not in DECLARATIONS


def fields_of(payload: type) -> set[str]:
    return set(get_type_hints(payload))
