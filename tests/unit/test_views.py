"""The JSON of the contract, exactly: names, order and form of every field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.support.builders import a_message, a_ulid, an_image
from tests.support.doubles import NOW, PlainUrls

from afterimage.domain.chats import Chat
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.messages import MessageType, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.views import chat_view, image_view, message_view, timestamp

URLS = PlainUrls()

# As the contract words them.
MESSAGE_FIELDS = [
    "id",
    "chat_id",
    "role",
    "text",
    "truncated",
    "created_at",
    "version",
    "reply_to",
    "version_of",
    "stands",
    "meta",
]
META_FIELDS = [
    "message_type",
    "status",
    "prompt",
    "aspect_ratio",
    "image",
    "image_deleted",
    "count",
    "image_size",
    "image_model",
    "images",
    "error",
    "source_image_ids",
    "attachments",
]
IMAGE = {
    "id": a_ulid(),
    "origin": "painted",
    "message_id": a_ulid(),
    "chat_id": "chat-1",
    "source_image_ids": [],
    "prompt": "a red fox, number 0",
    "created_at": "2026-11-20T10:00:00.000Z",
    "url": "https://pictures.test/cdn/p/user/0/full.webp?signed",
    "thumbnail_url": "https://pictures.test/cdn/p/user/0/thumbnail.webp?signed",
    "width": 1024,
    "height": 768,
    "bytes": 80123,
    "color": "#aabbcc",
    "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
    "index": 0,
    "shared_until": None,
}


def wire(view: Any) -> Any:
    """As it comes out of the other end of the wire."""
    return json.loads(json.dumps(view))


def test_a_users_message() -> None:
    view = wire(message_view(a_message(), URLS, NOW))

    assert view == {
        "id": a_ulid(),
        "chat_id": "chat-1",
        "role": "user",
        "text": "message 0",
        "truncated": False,
        "created_at": "2026-11-20T10:00:00.000Z",
        "version": 1,
        "reply_to": None,
        "version_of": None,
        "stands": True,
        "meta": {
            "message_type": "text",
            "status": "complete",
            "prompt": None,
            "aspect_ratio": None,
            "image": None,
            "image_deleted": False,
            "count": None,
            "image_size": None,
            "image_model": None,
            "images": [],
            "error": None,
            "source_image_ids": [],
            "attachments": [],
        },
    }
    assert list(view) == MESSAGE_FIELDS
    assert list(view["meta"]) == META_FIELDS


def test_an_answer_with_a_picture() -> None:
    message = a_message(
        role=Role.ASSISTANT,
        text="",
        version=3,
        type=MessageType.IMAGE,
        prompt="a red fox",
        aspect_ratio="1:1",
        source_image_ids=(a_ulid(2), a_ulid(1)),
        slots=(Slot(a_ulid()).painted(an_image()),),
        parts="[]",
        deadline=NOW,
        lease_until=NOW,
    )

    view = wire(message_view(message, URLS, NOW))

    assert list(view) == MESSAGE_FIELDS
    assert view["meta"] == {
        "message_type": "image",
        "status": "complete",
        "prompt": "a red fox",
        "aspect_ratio": "1:1",
        "image": IMAGE,
        "image_deleted": False,
        "count": 1,
        "image_size": None,
        "image_model": None,
        "images": [
            {
                "id": a_ulid(),
                "status": "complete",
                "image": {**IMAGE, "prompt": None},
                "image_deleted": False,
                "charged": True,
                "error": None,
            }
        ],
        "error": None,
        "source_image_ids": [a_ulid(2), a_ulid(1)],
        "attachments": [],
    }


@pytest.mark.parametrize(
    ("changed", "status", "charged"),
    [
        ({"status": SlotStatus.WAITING}, "waiting", True),
        ({}, "generating", True),
        ({"status": SlotStatus.COMPLETE, "image_deleted": True}, "complete", True),
        ({"status": SlotStatus.COMPLETE, "unasked": True}, "complete", False),
        ({"status": SlotStatus.CANCELLED}, "cancelled", True),
        ({"status": SlotStatus.CANCELLED, "refunded": True}, "cancelled", False),
    ],
)
def test_a_picture_that_is_not_there_has_its_slot(
    changed: dict[str, Any], status: str, *, charged: bool
) -> None:
    message = a_message(role=Role.ASSISTANT).with_slots([Slot(a_ulid(7), **changed)])

    (slot,) = wire(message_view(message, URLS, NOW))["meta"]["images"]

    assert slot == {
        "id": a_ulid(7),
        "status": status,
        "image": None,
        "image_deleted": message.image_deleted,
        "charged": charged,
        "error": None,
    }


def test_a_slot_says_why_it_failed_and_costs_nothing() -> None:
    error = FailureNote("blocked", "No.")
    message = a_message().with_slots([Slot(a_ulid(7)).failed(error)])

    meta = wire(message_view(message, URLS, NOW))["meta"]

    assert meta["images"][0]["error"] == meta["error"]
    assert (meta["images"][0]["status"], meta["images"][0]["charged"]) == ("failed", False)


@pytest.mark.parametrize(
    ("later", "retry_after"),
    [(timedelta(0), 60), (timedelta(seconds=45), 15), (timedelta(hours=1), 0)],
)
def test_a_failed_answer_counts_down(later: timedelta, retry_after: int) -> None:
    note = FailureNote("quota_exceeded", "No more today.", NOW + timedelta(seconds=60))
    message = a_message(role=Role.ASSISTANT, status=Status.FAILED, error=note)

    view = wire(message_view(message, URLS, NOW + later))

    assert view["meta"]["status"] == "failed"
    assert view["meta"]["error"] == {
        "code": "quota_exceeded",
        "message": "No more today.",
        "retry_after": retry_after,
    }


def test_a_failure_without_a_time_has_none() -> None:
    message = a_message(error=FailureNote("blocked", "No."), status=Status.FAILED)

    assert wire(message_view(message, URLS, NOW))["meta"]["error"]["retry_after"] is None


def test_a_picture() -> None:
    view = wire(image_view(an_image(), URLS))

    assert view == IMAGE
    assert list(view) == list(IMAGE)


def test_a_chat() -> None:
    view = wire(chat_view(Chat("chat-1", "title", NOW, NOW + timedelta(minutes=5))))

    assert view == {
        "id": "chat-1",
        "title": "title",
        "created_at": "2026-11-20T10:00:00.000Z",
        "updated_at": "2026-11-20T10:05:00.000Z",
        "pinned": False,
        "title_origin": "text",
    }


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 20, 10, 0, 0, 1_999, UTC), "2026-11-20T10:00:00.001Z"),
        (
            datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-20T08:00:00.000Z",
        ),
    ],
)
def test_times_are_utc_in_milliseconds(at: datetime, text: str) -> None:
    assert timestamp(at) == text
