"""The typed catalogue of frames of the unified channel, server to client, and their wire form."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal, assert_never

from typing_extensions import TypedDict

from afterimage.domain import events
from afterimage.domain.events import Event, EventName
from afterimage.ports import ImageUrls
from afterimage.views import (
    ChatView,
    ImageView,
    MessageView,
    chat_view,
    image_view,
    message_view,
)

# API Gateway's quota for one frame, in bytes.
MAX_FRAME = 32 * 1024


class MessagePayload(TypedDict):
    chat_id: str
    message: MessageView


class ImagePayload(TypedDict):
    image: ImageView


class ChatPayload(TypedDict):
    chat: ChatView


class MessagesDeletedPayload(TypedDict):
    chat_id: str
    message_ids: list[str]


class ImagesDeletedPayload(TypedDict):
    image_ids: list[str]


class ChatDeletedPayload(TypedDict):
    chat_id: str


class PreviewPayload(TypedDict):
    chat_id: str
    message_id: str
    version: int
    preview: str


Payload = (
    MessagePayload
    | ImagePayload
    | ChatPayload
    | MessagesDeletedPayload
    | ImagesDeletedPayload
    | ChatDeletedPayload
)


class BroadcastFrame(TypedDict):
    type: Literal["broadcast"]
    event: EventName
    seq: int
    payload: Payload


class PreviewFrame(TypedDict):
    type: Literal["broadcast"]
    event: Literal["message-preview"]
    seq: None
    payload: PreviewPayload


class SystemFrame(TypedDict):
    type: Literal["system"]
    event: Literal["resumed", "more", "reset", "pong"]
    seq: int


class ErrorFrame(TypedDict):
    type: Literal["system"]
    event: Literal["error"]
    seq: int
    code: str
    message: str


Frame = BroadcastFrame | PreviewFrame | SystemFrame | ErrorFrame


def broadcast(event: Event, seq: int, urls: ImageUrls, now: datetime) -> BroadcastFrame:
    """The frame that tells of an event."""
    return {
        "type": "broadcast",
        "event": event.name,
        "seq": seq,
        "payload": _payload(event, urls, now),
    }


def preview(chat_id: str, message_id: str, version: int, data_url: str) -> PreviewFrame:
    """A first glimpse of a picture; belongs to no place in the order and may be lost."""
    return {
        "type": "broadcast",
        "event": "message-preview",
        "seq": None,
        "payload": {
            "chat_id": chat_id,
            "message_id": message_id,
            "version": version,
            "preview": data_url,
        },
    }


def system(event: Literal["resumed", "more", "reset", "pong"], seq: int) -> SystemFrame:
    return {"type": "system", "event": event, "seq": seq}


def error(seq: int, code: str, message: str) -> ErrorFrame:
    return {"type": "system", "event": "error", "seq": seq, "code": code, "message": message}


def encode(frame: Frame) -> str:
    """One JSON text of at most `MAX_FRAME` bytes; a long message travels without its text."""
    text = _json(frame)
    if len(text.encode()) <= MAX_FRAME:
        return text
    payload: Any = frame.get("payload") or {}
    if "message" in payload:
        message = {**payload["message"], "text": None, "truncated": True}
        text = _json({**frame, "payload": {**payload, "message": message}})
    if len(text.encode()) > MAX_FRAME:
        raise ValueError(f"a {frame['event']} frame is over {MAX_FRAME} bytes")
    return text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _payload(event: Event, urls: ImageUrls, now: datetime) -> Payload:
    match event:
        case events.MessageInserted(message) | events.MessageUpdated(message):
            return {"chat_id": message.chat_id, "message": message_view(message, urls, now)}
        case events.ImageInserted(image):
            return {"image": image_view(image, urls)}
        case events.ChatUpdated(chat):
            return {"chat": chat_view(chat)}
        case events.MessageDeleted(chat_id, message_id):
            return {"chat_id": chat_id, "message_ids": [message_id]}
        case events.ImageDeleted(image_id):
            return {"image_ids": [image_id]}
        case events.ChatDeleted(chat_id):
            return {"chat_id": chat_id}
        case _:
            assert_never(event)
