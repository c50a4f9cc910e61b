"""Rows of another version: without what came later, and with what this version does not know."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.models import Model
from tests.support.builders import a_job, a_message, a_ulid, an_image
from tests.support.doubles import NOW

from afterimage.adapters.dynamodb import message_rows, rows, slots
from afterimage.adapters.dynamodb.tables import ChatRow, EventRow, ImageRow, LedgerRow, MessageRow
from afterimage.domain.deletions import AtEdge, Deletion, DeletionKind
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.images import Origin
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Role, Status
from afterimage.domain.slots import Slot, SlotStatus

AT = {"S": "2026-11-20T10:00:00.000Z"}
UNKNOWN = {"of_a_later_version": {"S": "…"}}
IMAGE = (
    '{"id": "i", "message_id": "m", "chat_id": "c", "prompt": "a fox",'
    ' "created_at": "2026-11-20T10:00:00.000Z", "key": "p/full.webp",'
    ' "thumbnail_key": "p/thumbnail.webp", "width": 8, "height": 8, "size": 99,'
    ' "color": "#aabbcc", "thumbhash": "AA=="%s}'
)
MESSAGE = {
    "user_id_chat_id": {"S": "u#c"},
    "message_id": {"S": "m"},
    "chat_id": {"S": "c"},
    "role": {"S": "assistant"},
    "text": {"S": "hello"},
    "created_at": AT,
    "version": {"N": "3"},
    "type": {"S": "text"},
    "status": {"S": "complete"},
}
COMPLETE = SlotStatus.COMPLETE
NOTE = '{"code": "blocked", "message": "No.", "retry_at": null}'
PICTURE = slots.image_of(json.loads(IMAGE % ""))
JOB = {
    "user_id": {"S": "u"},
    "entry": {"S": "j"},
    "chat_id": {"S": "c"},
    "message_id": {"S": "m"},
    "message_version": {"N": "2"},
    "created_at": AT,
    "status": {"S": "running"},
    "attempt": {"N": "1"},
}


def read(model: type[Model], row: dict[str, Any]) -> Any:
    return model.from_raw_data({**row, **UNKNOWN})


def test_a_message_without_what_came_later_is_read() -> None:
    message = message_rows.message_of(read(MessageRow, MESSAGE))

    assert message.status is Status.COMPLETE
    assert (message.tries, message.image_deleted) == (1, False)
    assert (message.slots, message.count) == ((), None)
    assert (message.image, message.lease_until, message.deadline) == (None, None, None)


def test_a_job_without_claim_and_nonce_is_read() -> None:
    job = rows.job_of(read(LedgerRow, JOB))

    assert job.status is JobStatus.RUNNING
    assert (job.claimed_by, job.started_at, job.purge_at) == (None, None, None)


def test_a_picture_of_a_later_version_is_read() -> None:
    stored = {"S": IMAGE % ', "of_a_later_version": 1'}

    image = rows.image_of(
        read(ImageRow, {"user_id": {"S": "u"}, "image_id": {"S": "i"}, "image": stored})
    )
    assert image.prompt == "a fox"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": {"S": "generating"}}, Slot("j", deadline=NOW)),
        ({"status": {"S": "generating"}, "waiting": {"BOOL": True}}, Slot("j", SlotStatus.WAITING)),
        ({"status": {"S": "complete"}, "image": {"S": IMAGE % ""}}, Slot("j", COMPLETE, PICTURE)),
        (
            {"status": {"S": "complete"}, "image_deleted": {"BOOL": True}},
            Slot("j", COMPLETE, image_deleted=True),
        ),
        (
            {"status": {"S": "cancelled"}, "refunded": {"BOOL": True}},
            Slot("j", SlotStatus.CANCELLED, refunded=True),
        ),
        (
            {"status": {"S": "failed"}, "error": {"S": NOTE}},
            Slot("j", SlotStatus.FAILED, error=FailureNote("blocked", "No.")),
        ),
    ],
)
def test_the_one_picture_of_a_row_without_slots_is_its_slot(
    row: dict[str, Any], expected: Slot
) -> None:
    picture = {"type": {"S": "image"}, "job_id": {"S": "j"}}
    deadline = {"deadline": {"N": str(int(NOW.timestamp()))}}

    message = message_rows.message_of(read(MessageRow, {**MESSAGE, **picture, **row, **deadline}))

    assert message.slots == (replace(expected, deadline=message.deadline),)
    assert message.status.value == row["status"]["S"]
    assert message.try_version == message.version == 3


def test_a_row_without_slots_is_written_over_by_one_that_has_them() -> None:
    old = {**MESSAGE, "type": {"S": "image"}, "job_id": {"S": "j"}, "image": {"S": IMAGE % ""}}
    message = message_rows.message_of(read(MessageRow, old)).without_image("i")

    actions = [str(action) for action in message_rows.message_update("u", message)]

    assert {"job_id", "image", "image_deleted", "waiting", "refunded"} <= {
        action.removeprefix("REMOVE ") for action in actions
    } | set(actions)


def test_a_message_of_a_later_version_keeps_what_is_not_known_here() -> None:
    message = message_rows.message_of(read(MessageRow, MESSAGE))

    written = " ".join(str(action) for action in message_rows.message_update("u", message))

    assert "of_a_later_version" not in written
    assert "created_at" not in written


def test_what_was_stored_by_earlier_versions_is_painted_and_has_no_tags() -> None:
    stored = {"user_id": {"S": "u"}, "image_id": {"S": "i"}, "image": {"S": IMAGE % ""}}
    marked = {"user_id": {"S": "u"}, "entry": {"S": "deletion#image#i"}, "created_at": AT}

    image = rows.image_of(read(ImageRow, stored))
    assert image.tagged is False
    assert (image.origin, image.source_image_ids, image.index) == (Origin.PAINTED, (), 0)
    assert rows.deletion_of(read(LedgerRow, marked)).at_edge is AtEdge.UNTAGGED


@pytest.mark.parametrize("at_edge", AtEdge)
def test_what_has_tags_is_known_again(at_edge: AtEdge) -> None:
    image = an_image(tagged=True)
    deletion = Deletion.now(DeletionKind.IMAGE, image.id, NOW, at_edge)

    assert rows.image_of(rows.image_row("u", image)) == image
    assert rows.deletion_of(rows.deletion_row("u", deletion)) == deletion


def test_sources_keep_their_order_and_a_row_without_any_has_none() -> None:
    sources = (a_ulid(3), a_ulid(1), a_ulid(2))
    message = a_message(role=Role.ASSISTANT, source_image_ids=sources)
    job = a_job(aspect_ratio=None, source_image_ids=sources)

    assert message_rows.message_of(message_rows.message_row("u", message)) == message
    assert "source_image_ids" in " ".join(map(str, message_rows.message_update("u", message)))
    assert rows.job_of(rows.job_row("u", job)) == job
    assert message_rows.message_of(read(MessageRow, MESSAGE)).source_image_ids == ()
    assert rows.job_of(rows.job_row("u", a_job())).source_image_ids == ()


def test_a_chat_and_an_event_of_a_later_version_are_read() -> None:
    key = {"user_id": {"S": "u"}}
    chat = read(
        ChatRow,
        {**key, "chat_id": {"S": "c"}, "title": {"S": "t"}, "created_at": AT, "updated_at": AT},
    )
    event = read(
        EventRow,
        {**key, "seq": {"N": "7"}, "name": {"S": "chat-update"}, "expires_at": {"N": "1"}},
    )

    assert rows.chat_of(chat).title == "t"
    assert rows.reference_of(event, NOW).seq == 7
