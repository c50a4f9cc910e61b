"""The typed catalogue of frames of the unified channel, server to client, and their wire form.

One file, however many frames there are: what a client may meet is read here at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, assert_never

from typing_extensions import TypedDict

from afterimage.domain import events
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.events import Event
from afterimage.ports.channel import ImageUrls
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
    image_id: str
    preview: str


class DeltaPayload(TypedDict):
    chat_id: str
    message_id: str
    version: int
    offset: int
    text: str


class _NumberedFrame(TypedDict):
    type: Literal["broadcast"]
    seq: int


class MessageFrame(_NumberedFrame):
    """A message is there (`message-insert`), or has changed (`message-update`)."""

    event: Literal["message-insert", "message-update"]
    payload: MessagePayload


class ImageFrame(_NumberedFrame):
    """The gallery has a new picture (`image-insert`), or how it is shared has changed
    (`image-update`)."""

    event: Literal["image-insert", "image-update"]
    payload: ImagePayload


class ChatFrame(_NumberedFrame):
    """A chat has another title."""

    event: Literal["chat-update"]
    payload: ChatPayload


class MessagesDeletedFrame(_NumberedFrame):
    """Messages are gone."""

    event: Literal["message-delete"]
    payload: MessagesDeletedPayload


class ImagesDeletedFrame(_NumberedFrame):
    """Pictures are gone."""

    event: Literal["image-delete"]
    payload: ImagesDeletedPayload


class ChatDeletedFrame(_NumberedFrame):
    """A chat is gone, with its messages and pictures."""

    event: Literal["chat-delete"]
    payload: ChatDeletedPayload


BroadcastFrame = (
    MessageFrame
    | ImageFrame
    | ChatFrame
    | MessagesDeletedFrame
    | ImagesDeletedFrame
    | ChatDeletedFrame
)


class PreviewFrame(TypedDict):
    """A draft of a picture, or the picture before its files are there; it may be lost."""

    type: Literal["broadcast"]
    event: Literal["message-preview"]
    seq: None
    payload: PreviewPayload


class DeltaFrame(TypedDict):
    """Words of an answer that is being written, from the `offset`th code point of its text on; it
    may be lost."""

    type: Literal["broadcast"]
    event: Literal["message-delta"]
    seq: None
    payload: DeltaPayload


PassingFrame = PreviewFrame | DeltaFrame


class SystemFrame(TypedDict):
    """How the connection stands: `resumed` is level with `seq`; after `more` resume once more from
    `seq`; after `reset` read a snapshot over HTTP; `pong` answers a ping."""

    type: Literal["system"]
    event: Literal["resumed", "more", "reset", "pong"]
    seq: int


ErrorCode = Literal["invalid", "replaced", "account_deleted", "token_expired"]


class ErrorFrame(TypedDict):
    """A frame was not understood, or the connection is about to be closed."""

    type: Literal["system"]
    event: Literal["error"]
    seq: int
    code: ErrorCode
    message: str


Frame = BroadcastFrame | PreviewFrame | DeltaFrame | SystemFrame | ErrorFrame


def broadcast(event: Event, seq: int, urls: ImageUrls, now: datetime) -> BroadcastFrame:
    """The frame that tells of an event."""
    match event:
        case events.MessageInserted(message) | events.MessageUpdated(message):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {
                    "chat_id": message.chat_id,
                    "message": message_view(message, urls, now),
                },
            }
        case events.ImageInserted(image) | events.ImageUpdated(image):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {"image": image_view(image, urls)},
            }
        case events.ChatUpdated(chat):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {"chat": chat_view(chat)},
            }
        case events.MessageDeleted(chat_id, message_id):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {"chat_id": chat_id, "message_ids": [message_id]},
            }
        case events.ImageDeleted(image_id):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {"image_ids": [image_id]},
            }
        case events.ChatDeleted(chat_id):
            return {
                "type": "broadcast",
                "event": event.name,
                "seq": seq,
                "payload": {"chat_id": chat_id},
            }
        case _:
            assert_never(event)


def preview(
    chat_id: str, message_id: str, version: int, image_id: str, data_url: str
) -> PreviewFrame:
    """A first glimpse of a picture; belongs to no place in the order and may be lost."""
    return {
        "type": "broadcast",
        "event": "message-preview",
        "seq": None,
        "payload": {
            "chat_id": chat_id,
            "message_id": message_id,
            "version": version,
            "image_id": image_id,
            "preview": data_url,
        },
    }


def delta(chat_id: str, message_id: str, version: int, offset: int, text: str) -> DeltaFrame:
    """Words of an answer, before there is all of it."""
    return {
        "type": "broadcast",
        "event": "message-delta",
        "seq": None,
        "payload": {
            "chat_id": chat_id,
            "message_id": message_id,
            "version": version,
            "offset": offset,
            "text": text,
        },
    }


def system_frame(event: Literal["resumed", "more", "reset", "pong"], seq: int) -> SystemFrame:
    return {"type": "system", "event": event, "seq": seq}


def error(seq: int, code: ErrorCode, message: str) -> ErrorFrame:
    return {"type": "system", "event": "error", "seq": seq, "code": code, "message": message}


def account_deleted(seq: int) -> ErrorFrame:
    """The last frame of a connection."""
    return error(seq, "account_deleted", AccountDeleted.public)


def encode(frame: Frame) -> str:
    """One JSON text of at most `MAX_FRAME` bytes; what is too long is left out (`_shapes`)."""
    for shape in _shapes(frame):
        text = _json(shape)
        if _fits(text):
            return text
    raise ValueError(f"a {frame['event']} frame is over {MAX_FRAME} bytes")


def fits(frame: Frame) -> bool:
    """Whether it can be sent as it is."""
    return _fits(_json(frame))


def as_encoded(frame: BroadcastFrame) -> BroadcastFrame:
    """What `encode` would send of it, for those who get it over HTTP."""
    return next((shape for shape in _shapes(frame) if _fits(_json(shape))), frame)


def _fits(text: str) -> bool:
    return len(text.encode()) <= MAX_FRAME


def _shapes(frame: Any) -> Iterator[Any]:
    """The frame, then a message's without its text, then without its prompts as well."""
    yield frame
    payload = frame.get("payload") or {}
    if "message" not in payload:
        return
    message = {**payload["message"], "text": None, "truncated": True}
    yield {**frame, "payload": {**payload, "message": message}}
    meta = {**message["meta"], "prompt": None}
    if meta["image"]:
        meta["image"] = {**meta["image"], "prompt": None}
    yield {**frame, "payload": {**payload, "message": {**message, "meta": meta}}}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
