"""Test data: valid things with recognisable values, each field open to change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from afterimage.domain.callers import Caller
from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.events import MessageInserted
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message, Role
from afterimage.domain.questions import Question
from tests.support.doubles import NOW

CHAT = "chat-1"


def a_ulid(number: int = 0, at: datetime = NOW) -> str:
    """A ULID of a time, plus `number` milliseconds; later numbers sort behind."""
    when = int((at + timedelta(milliseconds=number)).timestamp() * 1000)
    return str(ULID.from_bytes(when.to_bytes(6, "big") + number.to_bytes(10, "big")))


def a_caller(user_id: str = "alice", until: datetime = NOW + timedelta(hours=1)) -> Caller:
    """Somebody with a token of an hour."""
    return Caller(user_id, until)


def a_message(number: int = 0, **changed: Any) -> Message:
    """A user's message."""
    fields: dict[str, Any] = {
        "id": a_ulid(number),
        "chat_id": CHAT,
        "role": Role.USER,
        "text": f"message {number}",
        "created_at": NOW,
    }
    return Message(**{**fields, **changed})


def inserted(message: Message) -> Transition:
    """It is stored, and told of."""
    return Transition((InsertMessage(message),), (MessageInserted(message),))


def a_question(number: int, now: datetime, **changed: Any) -> Question:
    """Message `number`, sent now, with a minute of the function's time left."""
    fields: dict[str, Any] = {
        "user_id": "alice",
        "chat_id": CHAT,
        "message_id": a_ulid(number, now),
        "text": "Draw a red fox",
        "aspect_ratio": None,
        "received_at": now,
        "until": now + timedelta(seconds=60),
    }
    return Question(**{**fields, **changed})


def an_image(number: int = 0, **changed: Any) -> Image:
    """A picture in the gallery."""
    fields: dict[str, Any] = {
        "id": a_ulid(number),
        "message_id": a_ulid(number),
        "chat_id": CHAT,
        "prompt": f"a red fox, number {number}",
        "created_at": NOW,
        "key": f"p/user/{number}/full.webp",
        "thumbnail_key": f"p/user/{number}/thumbnail.webp",
        "width": 1024,
        "height": 768,
        "size": 80_123,
        "color": "#aabbcc",
        "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
    }
    return Image(**{**fields, **changed})


def a_job(number: int = 0, **changed: Any) -> Job:
    """A reserved job."""
    fields: dict[str, Any] = {
        "id": a_ulid(number),
        "chat_id": CHAT,
        "message_id": a_ulid(number),
        "prompt": "a red fox",
        "aspect_ratio": "1:1",
        "quota_day": "2026-11-20",
        "model": "an-image-model",
        "created_at": NOW,
    }
    return Job(**{**fields, **changed})
