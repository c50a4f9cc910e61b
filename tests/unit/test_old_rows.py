"""Rows of another version: without what came later, and with what this version does not know."""

from __future__ import annotations

from typing import Any

import pytest
from pynamodb.models import Model
from tests.support.builders import an_image
from tests.support.doubles import NOW

from afterimage.adapters.dynamodb import rows
from afterimage.adapters.dynamodb.tables import ChatRow, EventRow, ImageRow, LedgerRow, MessageRow
from afterimage.domain.deletions import AtEdge, Deletion, DeletionKind
from afterimage.domain.entities import JobStatus, Status

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
    message = rows.message_of(read(MessageRow, MESSAGE))

    assert message.status is Status.COMPLETE
    assert (message.tries, message.image_deleted) == (1, False)
    assert (message.waiting, message.refunded) == (False, False)
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
    message = rows.message_of(read(MessageRow, {**MESSAGE, "image": stored}))

    assert image.prompt == "a fox"
    assert message.image == image


def test_what_was_stored_before_there_were_cache_tags_has_none() -> None:
    stored = {"user_id": {"S": "u"}, "image_id": {"S": "i"}, "image": {"S": IMAGE % ""}}
    marked = {"user_id": {"S": "u"}, "entry": {"S": "deletion#image#i"}, "created_at": AT}

    assert rows.image_of(read(ImageRow, stored)).tagged is False
    assert rows.deletion_of(read(LedgerRow, marked)).at_edge is AtEdge.UNTAGGED


@pytest.mark.parametrize("at_edge", AtEdge)
def test_what_has_tags_is_known_again(at_edge: AtEdge) -> None:
    image = an_image(tagged=True)
    deletion = Deletion.now(DeletionKind.IMAGE, image.id, NOW, at_edge)

    assert rows.image_of(rows.image_row("u", image)) == image
    assert rows.deletion_of(rows.deletion_row("u", deletion)) == deletion


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
