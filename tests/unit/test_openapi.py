"""The API's description of itself: valid OpenAPI, and exactly what template.yaml serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.routes import HEADS, OTHERWISE
from tests.support.template import http_routes

from afterimage.domain.errors import Refused
from afterimage.http.openapi import GATEWAY, document


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return document("https://page.test")


def described(routes: Iterable[str]) -> set[str]:
    """Those that have a description of their own: HEAD has GET's, and the rest is refused."""
    return {*routes} - {*HEADS, *OTHERWISE}


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_valid(description: dict[str, Any]) -> None:
    errors = list(OpenAPIV31SpecValidator(description).iter_errors())

    assert errors == []


def test_it_has_the_routes_of_the_template_and_no_other(description: dict[str, Any]) -> None:
    served = {route.replace("+}", "}") for route in described(http_routes())}

    assert set(operations(description)) == served


def test_operations_have_names_of_their_own(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(description).values()]

    assert len(set(names)) == len(names)


def test_everything_needs_a_token_but_the_page(description: dict[str, Any]) -> None:
    assert description["security"] == [{"bearer": []}]
    public = {
        route
        for route, operation in operations(description).items()
        if operation.get("security") == []
    }

    assert public == {
        "GET /",
        "GET /s/{token}",
        "GET /static/{proxy}",
        "GET /favicon.ico",
        "GET /robots.txt",
        "GET /config.json",
        "GET /openapi.json",
        "GET /asyncapi.json",
    }


def test_every_parameter_of_a_path_is_described(description: dict[str, Any]) -> None:
    for route, operation in operations(description).items():
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert named == {part[1:-1] for part in route.split("/") if part.startswith("{")}, route
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")


def test_a_routes_refusals_are_told_by_status(description: dict[str, Any]) -> None:
    posted = operations(description)["POST /chats/{chat_id}/messages"]["responses"]

    assert {status: codes(answer) for status, answer in posted.items()} == {
        "200": set(),
        "202": set(),
        "400": {"invalid", "clock_skew"},
        "401": {"unauthorized"},
        "404": {"not_found"},
        "409": {"id_reused", "chat_deleted", "not_last", "not_ended"},
        "410": {"account_deleted"},
        "413": set(),
        "429": {"too_many_open", "message_limit", "provider_limit"},
        "500": {"internal"},
        "503": {"busy"},
    }
    assert "too_many_open, message_limit, provider_limit" in posted["429"]["description"]


def test_what_the_gateway_answers_by_itself_is_told(description: dict[str, Any]) -> None:
    for route, operation in operations(description).items():
        told = {
            int(status)
            for status, answer in operation["responses"].items()
            if int(status) in GATEWAY and GATEWAY[int(status)] in answer["description"]
        }
        assert told - {413} == {429, 500, 503}, route
        assert (413 in told) == ("requestBody" in operation), route


def test_every_code_of_a_refusal_is_told_somewhere(description: dict[str, Any]) -> None:
    told = {
        code
        for operation in operations(description).values()
        for answer in operation["responses"].values()
        for code in codes(answer)
    }

    assert told == {"internal", *(refused.code for refused in Refused.__subclasses__())}


def codes(answer: dict[str, Any]) -> set[str]:
    """Codes that an answer may have."""
    return set(answer.get("x-codes", ()))


def test_a_parameter_is_never_null(description: dict[str, Any]) -> None:
    for route, operation in operations(description).items():
        assert "null" not in str(operation["parameters"]), route
