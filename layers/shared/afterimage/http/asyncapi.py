"""AsyncAPI 3.0 of the unified channel, written from the types of its frames and actions.

It is told from the bundle's side: it receives actions and sends frames.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from afterimage import frames
from afterimage.http.actions import Action
from afterimage.http.schemas import REF, Schema, schemas

_CHANNEL = "unified"
_REPLIES = {
    "resume": ("resumed", "more", "reset", "error"),
    "ping": ("pong", "error"),
    "report": ("error",),
    "typing": ("error",),
    "visible": ("error",),
}
_ABOUT = (
    "One JSON object a frame, none over 32 KB: a message that would be larger comes without its "
    "text and is read over HTTP. Events are numbered by `seq`, per user and without holes; a "
    "`resume` replays what came after the last one a client has. Whatever is no action is answered "
    "by an `error`, and the connection stays open. A frame without `type` is API Gateway's own: "
    "what was to answer has failed."
)
_TICKET = (
    "From `POST /realtime/tickets`, whose `url` has it already: one connection, within 30 seconds."
)


def document(websocket_url: str) -> dict[str, Any]:
    """The channel's description, reached at `websocket_url`."""
    sent = {event: kind for kind in get_args(frames.Frame) for event in _names(kind, "event")}
    taken = {action: kind for kind in get_args(Action) for action in _names(kind, "action")}
    by_name, components = schemas(
        {name: ("serialization", kind) for name, kind in sent.items()}
        | {name: ("validation", kind) for name, kind in taken.items()}
    )
    by_name |= _divided(sent, components)
    messages = {name: _message(name, kind, by_name[name]) for name, kind in (sent | taken).items()}
    url = urlsplit(websocket_url)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Afterimage: the unified channel",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "websocket": {
                "host": url.netloc,
                "protocol": url.scheme,
                "security": [{"$ref": "#/components/securitySchemes/ticket"}],
            }
        },
        "channels": {
            _CHANNEL: {
                "address": url.path or "/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            **{name: _receiving(name, kind) for name, kind in taken.items()},
            "tell": _telling(sent),
        },
        "components": {
            "messages": messages,
            "schemas": components,
            "securitySchemes": {
                "ticket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": _TICKET,
                }
            },
        },
    }


def _names(kind: type, field: str) -> tuple[str, ...]:
    """The values that tell a frame or an action apart from the others."""
    return get_args(get_type_hints(kind)[field])


def _divided(sent: Mapping[str, type], components: dict[str, Schema]) -> dict[str, Schema]:
    """Of frames that share a type, one named schema each, in place of the type's own."""
    shared = {event: kind for event, kind in sent.items() if len(_names(kind, "event")) > 1}
    whole = {kind: components.pop(kind.__name__) for kind in dict.fromkeys(shared.values())}
    divided = {}
    for event, kind in shared.items():
        name = "".join(word.capitalize() for word in event.split("-")) + "Frame"
        fields = {**whole[kind]["properties"], "event": {"const": event, "type": "string"}}
        components[name] = {**whole[kind], "properties": fields, "title": name}
        divided[event] = {"$ref": REF.format(model=name)}
    return divided


def _message(name: str, kind: type, schema: Schema) -> dict[str, Any]:
    return {"name": name, "summary": _summary(kind), "payload": schema}


def _receiving(name: str, kind: type) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "summary": _summary(kind),
        "messages": _refer([name]),
        "reply": {
            "channel": {"$ref": f"#/channels/{_CHANNEL}"},
            "messages": _refer(_REPLIES[name]),
        },
    }


def _telling(sent: Iterable[str]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "summary": "Tells of what happened, to every connection of the user.",
        "messages": _refer(name for name in sent if name not in _solicited()),
    }


def _solicited() -> set[str]:
    """Frames that only answer an action; an `error` also says why a connection is closed."""
    return {name for names in _REPLIES.values() for name in names} - {"error"}


def _refer(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{_CHANNEL}/messages/{name}"} for name in names]


def _summary(kind: type) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
