"""OpenAPI 3.1 of the HTTP API, written from the table of routes and the models that validate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from afterimage.domain.errors import AccountDeleted, Refused
from afterimage.http.answers import ErrorView
from afterimage.http.routes import (
    CANCEL_MESSAGE,
    DELETE_IMAGE,
    DELETE_ME,
    EDIT_CHAT,
    GET_ICON,
    GET_IMAGE,
    GET_MESSAGE,
    GET_ORIGINAL,
    GET_PAGE,
    GET_ROBOTS,
    GET_SHARED,
    GET_STATIC_FILE,
    LIST_CHATS,
    LIST_IMAGES,
    LIST_MESSAGES,
    POST_MESSAGE,
    RETRY_MESSAGE,
    ROUTES,
    SHARE_IMAGE,
    UNSHARE_IMAGE,
    Route,
)
from afterimage.http.schemas import Mode, Schema, Untitled, schemas

_NOT_JSON = {
    GET_PAGE.key: "text/html",
    GET_SHARED.key: "text/html",
    GET_STATIC_FILE.key: "*/*",
    GET_ICON.key: "image/vnd.microsoft.icon",
    GET_ROBOTS.key: "text/plain",
}
_STATUSES = {"internal": 500, **{kind.code: kind.status for kind in Refused.__subclasses__()}}
# What API Gateway answers before or instead of a function.
GATEWAY = {
    413: "Too large for the gateway.",
    429: "Throttled by the gateway.",
    500: "No answer of ours.",
    503: "No answer within the gateway's 30 seconds; the function may go on.",
}
# Where what a route answers with is taken by another one.
_CHAT = {"chat_id": "$request.path.chat_id"}
_ANSWER = {**_CHAT, "message_id": "$response.body#/assistant_message/id"}
_SEEN = {"version": "$response.body#/assistant_message/version"}
_LINKS: dict[Route, list[tuple[Route, dict[str, str], dict[str, Any] | None]]] = {
    POST_MESSAGE: [
        (GET_MESSAGE, _ANSWER, None),
        (CANCEL_MESSAGE, _ANSWER, _SEEN),
        (RETRY_MESSAGE, _ANSWER, _SEEN),
        (LIST_MESSAGES, _CHAT, None),
    ],
    LIST_CHATS: [(EDIT_CHAT, {"chat_id": "$response.body#/chats/0/id"}, None)],
    LIST_IMAGES: [
        (target, {"image_id": "$response.body#/images/0/id"}, None)
        for target in (GET_IMAGE, GET_ORIGINAL, UNSHARE_IMAGE, DELETE_IMAGE)
    ]
    + [(SHARE_IMAGE, {"image_id": "$response.body#/images/0/id"}, {"days": 1})],
}


def document(server: str) -> dict[str, Any]:
    """The API's description, reached at `server`."""
    by_name, components = schemas(dict(_types()))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        path = route.path.replace("+}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, by_name)
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


def _types() -> Iterator[tuple[str, tuple[Mode, Any]]]:
    """Every type in the table, by a name for its schema."""
    yield "error", ("serialization", ErrorView)
    for route in ROUTES:
        for status, type_ in route.answers.items():
            if type_ is not None:
                yield f"{route.key} {status}", ("serialization", type_)
        if route.body is not None:
            yield f"{route.key} body", ("validation", route.body)


def _operation(route: Route, by_name: dict[str, Schema]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [
            *_parameters(route.parameters, "path"),
            *_parameters(route.query, "query"),
        ],
        "responses": _responses(route, by_name),
    }
    if route.public:
        operation["security"] = []
    if "{proxy+}" in route.path:
        operation["parameters"] = [
            {
                "name": "proxy",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "example": "app.js",
            }
        ]
    if route.body is not None:
        body = {"schema": by_name[f"{route.key} body"]}
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    if route.file:
        sent = {media: {"schema": {"type": "string", "format": "binary"}} for media in route.file}
        operation["requestBody"] = {"required": True, "content": sent}
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path) or ["page"]
    return route.method.lower() + "".join(word.capitalize() for word in words)


def _parameters(model: type[BaseModel] | None, where: str) -> Iterator[dict[str, Any]]:
    if model is None:
        return
    schema = model.model_json_schema(schema_generator=Untitled)
    for name, described in schema["properties"].items():
        yield {
            "name": name,
            "in": where,
            "required": name in schema.get("required", ()),
            "schema": _without_null(described),
        }


def _without_null(schema: Schema) -> Schema:
    """A parameter is left out, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    kept = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**kept, **kinds[0]} if kinds else schema


def _responses(route: Route, by_name: dict[str, Schema]) -> dict[str, Any]:
    media = _NOT_JSON.get(route.key, "application/json")
    responses: dict[str, Any] = {}
    for status, type_ in route.answers.items():
        responses[str(status)] = {"description": route.summary}
        if type_ is not None:
            schema = by_name[f"{route.key} {status}"]
            responses[str(status)]["content"] = {media: {"schema": schema}}
        if route in _LINKS:
            responses[str(status)]["links"] = dict(_links(route))
    refusals = _refusals(route)
    for status in sorted({*refusals, *_of_the_gateway(route)}):
        refusal = _refusal(status, refusals.get(status, []), route, by_name)
        if own := responses.get(str(status)):
            refusal["content"] |= own["content"]
        responses[str(status)] = refusal
    return responses


def _links(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    for target, parameters, body in _LINKS[route]:
        operation_id = _operation_id(target)
        link: dict[str, Any] = {"operationId": operation_id, "parameters": parameters}
        yield operation_id, link if body is None else {**link, "requestBody": body}


def _refusal(
    status: int, codes: list[str], route: Route, by_name: dict[str, Schema]
) -> dict[str, Any]:
    """The answer with one status: ours with these codes, the gateway's, or either."""
    told = [f"Refused: {', '.join(codes)}."] if codes else []
    if status in _of_the_gateway(route):
        told.append(GATEWAY[status])
    return {
        "description": " ".join(told),
        "content": {"application/json": {"schema": by_name["error"]}},
        "x-codes": codes,
    }


def _of_the_gateway(route: Route) -> set[int]:
    """Statuses that API Gateway itself may answer with."""
    return set(GATEWAY) - (set() if route.body or route.file else {413})


def _refusals(route: Route) -> dict[int, list[str]]:
    """Error codes of a route by status."""
    codes = dict.fromkeys((*route.errors, *_common_codes(route)))
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(_STATUSES[code], []).append(code)
    return by_status


def _common_codes(route: Route) -> Iterator[str]:
    """Codes of refusals that a route has without naming them."""
    if route.public:
        return
    yield from ("unauthorized", "busy", "internal")
    if route is not DELETE_ME:
        yield AccountDeleted.code
    if route.body or route.file or route.parameters or route.query:
        yield "invalid"
    if route.parameters:
        yield "not_found"  # a "/" in a parameter makes it another path
