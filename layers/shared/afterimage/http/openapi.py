"""OpenAPI 3.1 of the HTTP API, written from the table of routes and the models that validate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from afterimage.domain.errors import AccountDeleted, Refused
from afterimage.http.contract import (
    DELETE_ME,
    GET_PAGE,
    GET_STATIC_FILE,
    ROUTES,
    ErrorView,
    Route,
)

_REF = "#/components/schemas/{model}"
_NOT_JSON = {GET_PAGE.key: "text/html", GET_STATIC_FILE.key: "*/*"}

Schemas = dict[str, dict[str, Any]]


def document(server: str) -> dict[str, Any]:
    """The API's description, reached at `server`."""
    schemas, components = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        path = route.path.replace("+}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Afterimage",
            "version": "1",
            "summary": "Chat that paints. Live updates come over the WebSocket.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _schemas() -> tuple[Schemas, dict[str, Any]]:
    """A schema for every type in the table, by name, and the components they refer to."""
    types: dict[str, tuple[Literal["validation", "serialization"], Any]] = {
        "error": ("serialization", ErrorView)
    }
    for route in ROUTES:
        for status, type_ in route.answers.items():
            if type_ is None:
                continue
            types[f"{route.key} {status}"] = ("serialization", type_)
        if route.body is not None:
            types[f"{route.key} body"] = ("validation", route.body)
    adapters = [(name, mode, TypeAdapter(type_)) for name, (mode, type_) in types.items()]
    by_name, components = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    return {name: schema for (name, _), schema in by_name.items()}, components["$defs"]


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [
            *_parameters(route.parameters, "path"),
            *_parameters(route.query, "query"),
        ],
        "responses": _responses(route, schemas),
    }
    if route.public:
        operation["security"] = []
    if "{path+}" in route.path:
        operation["parameters"] = [
            {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    if route.body is not None:
        body = {"schema": schemas[f"{route.key} body"]}
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path) or ["page"]
    return route.method.lower() + "".join(word.capitalize() for word in words)


def _parameters(model: type[BaseModel] | None, where: str) -> Iterator[dict[str, Any]]:
    if model is None:
        return
    schema = model.model_json_schema()
    for name, described in schema["properties"].items():
        yield {
            "name": name,
            "in": where,
            "required": name in schema.get("required", ()),
            "schema": described,
        }


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    media = _NOT_JSON.get(route.key, "application/json")
    responses: dict[str, Any] = {}
    for status, type_ in route.answers.items():
        responses[str(status)] = {"description": route.summary}
        if type_ is not None:
            schema = schemas[f"{route.key} {status}"]
            responses[str(status)]["content"] = {media: {"schema": schema}}
    for status, codes in sorted(_refusals(route).items()):
        responses[str(status)] = {
            "description": f"Refused: {', '.join(codes)}.",
            "content": {"application/json": {"schema": schemas["error"]}},
        }
    return responses


def _refusals(route: Route) -> dict[int, list[str]]:
    """Error codes of a route by status."""
    of_an_account = () if route is DELETE_ME else (AccountDeleted.code,)
    common = () if route.public else ("unauthorized", *of_an_account, "busy")
    takes_input = route.body or route.parameters or route.query
    codes = dict.fromkeys((*route.errors, *common, *(("invalid",) if takes_input else ())))
    by_status: dict[int, list[str]] = {}
    statuses = {refused.code: refused.status for refused in Refused.__subclasses__()}
    for code in codes:
        by_status.setdefault(statuses[code], []).append(code)
    return by_status
