"""The API's description of itself: valid OpenAPI, and exactly what template.yaml serves."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.template import http_routes

from afterimage.domain.errors import Refused
from afterimage.http.contract import ROUTES
from afterimage.http.openapi import document


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return document("https://page.test")


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
    served = {route.replace("+}", "}") for route in http_routes() if route != "$default"}

    assert set(operations(description)) == served


def test_the_table_of_routes_has_the_routes_of_the_template_and_no_other() -> None:
    assert {route.key for route in ROUTES} | {"$default"} == set(http_routes())


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

    assert public == {"GET /", "GET /static/{path}", "GET /config.json", "GET /openapi.json"}


def test_every_parameter_of_a_path_is_described(description: dict[str, Any]) -> None:
    for route, operation in operations(description).items():
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert named == {part[1:-1] for part in route.split("/") if part.startswith("{")}, route
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")


def test_refusals_carry_the_envelope(description: dict[str, Any]) -> None:
    posted = operations(description)["POST /chats/{chat_id}/messages"]["responses"]

    assert set(posted) == {"200", "202", "400", "401", "409", "410", "429", "503"}
    assert "too_many_open, message_limit" in posted["429"]["description"]
    refused = posted["429"]["content"]["application/json"]["schema"]
    assert refused == posted["401"]["content"]["application/json"]["schema"]


def test_every_code_of_a_refusal_exists() -> None:
    codes = {refused.code for refused in Refused.__subclasses__()}

    for route in ROUTES:
        assert set(route.errors) <= codes, route.key
