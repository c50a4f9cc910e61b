"""Whether frames, actions and answers are as the bundle describes them.

Of what the bundle sends, stricter than its documents: a field that they do not name is a problem,
although a client has to bear it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import jsonschema_rs

from afterimage.http import asyncapi, openapi
from afterimage.http.actions import Action

_ACTIONS = {action.__name__ for action in get_args(Action)}
Validator = jsonschema_rs.Draft7Validator | jsonschema_rs.Draft202012Validator


@cache
def channel() -> dict[str, Any]:
    """The description of the channel."""
    return asyncapi.document("wss://channel.test/live")


@cache
def api() -> dict[str, Any]:
    """The description of the HTTP API."""
    return openapi.document("https://page.test")


def problems_of_message(name: str, message: Any) -> list[str]:
    """What is wrong with a message of the channel.

    Args:
        name: of the event or action that it is said to be.
    """
    if name not in _messages():
        return [f"the channel has no {name}"]
    return _problems(_messages()[name], message)


def problems_of_answer(route: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer of the HTTP API.

    Args:
        route: as API Gateway names it, e.g. `GET /chats`.
        body: parsed; None for an answer without a body.
    """
    described = _responses(route).get(str(status))
    if described is None:
        return [f"{route} does not describe {status}"]
    if "content" not in described:
        return [] if body is None else [f"{route} describes no body of {status}"]
    return [*_problems(_answer(route, status), body), *problems_of_code(route, status, body)]


def problems_of_code(route: str, status: int, body: Any) -> list[str]:
    """What is wrong with the code of a refusal: all refusals have one schema."""
    codes = _responses(route).get(str(status), {}).get("x-codes")
    if codes is None:
        return []
    match body:
        case {"error": {"code": code}}:
            return [] if code in codes else [f"{route} does not refuse with {status} {code}"]
        case {"message": _} if status in openapi.GATEWAY:
            return []
    return [f"no code of {route} with {status}"]


def _responses(route: str) -> dict[str, Any]:
    method, _, path = route.replace("+}", "}").partition(" ")
    found: dict[str, Any] = api()["paths"][path][method.lower()]["responses"]
    return found


def _problems(validator: Validator, value: Any) -> list[str]:
    return [error.message for error in validator.iter_errors(value)]


@cache
def _messages() -> dict[str, Validator]:
    """All at once, so that no frame is kept waiting while somebody measures."""
    # AsyncAPI's own dialect of JSON Schema is a superset of draft 7.
    return {
        name: jsonschema_rs.Draft7Validator(_closed(channel(), message["payload"]))
        for name, message in channel()["components"]["messages"].items()
    }


@cache
def _answer(route: str, status: int) -> Validator:
    schema = _responses(route)[str(status)]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator(_closed(api(), schema))


def _closed(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """One of a document's schemas, open to no other fields, and what it refers to."""
    components = {
        name: described if name in _ACTIONS else {"additionalProperties": False, **described}
        for name, described in document["components"]["schemas"].items()
    }
    return {"components": {"schemas": components}, "allOf": [schema]}
