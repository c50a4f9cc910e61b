"""A click on cancel: the answer ends at once, whatever still runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import a_ulid
from tests.support.bundle import BYTES, FOX, HELLO, UPLOAD_TIME, USER, Bundle
from tests.support.doubles import NOW
from tests.support.interrupted import before

from afterimage.domain import ids
from afterimage.domain.errors import AccountDeleted, Blocked, Busy, NotFound, NotRunning
from afterimage.domain.job_life import Move
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, Status


def cancel_while_thinking(bundle: Bundle) -> tuple[Message, Message]:
    """The message as the click left it, and as the late function saw it."""
    cancelled: list[Message] = []
    bundle.text.meanwhile = lambda: cancelled.append(bundle.cancel(bundle.open_one()))
    answer = bundle.ask()
    return cancelled[0], answer.assistant


@pytest.mark.parametrize("late", [HELLO, FOX, Blocked("no")])
def test_a_late_reply_changes_nothing(bundle: Bundle, late: Any) -> None:
    bundle.text.script = [late]

    cancelled, seen = cancel_while_thinking(bundle)

    assert cancelled.status is Status.CANCELLED
    assert seen == bundle.now(cancelled) == cancelled
    assert (cancelled.version, cancelled.text, cancelled.error) == (2, "", None)
    assert (cancelled.deadline, cancelled.lease_until) == (None, None)
    assert bundle.open_messages() == 0
    assert bundle.used() == (0, 1)
    assert bundle.starter.started == []
    assert bundle.posted()[-1] == "message-update cancelled"
    assert bundle.tables.rows.jobs == {}


def test_a_picture_that_nobody_has_begun_costs_nothing(bundle: Bundle) -> None:
    message = bundle.order()

    cancelled = bundle.cancel(message)

    (slot,) = message.slots
    gone = message.changed([slot.cancelled(refunded=True)])
    assert cancelled == bundle.now(message) == gone
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0
    job = bundle.job(message)
    assert (job.status, job.ended_at, job.purge_at) == (JobStatus.CANCELLED, NOW, None)
    assert bundle.posted()[-1] == "message-update cancelled"


def test_a_cancelled_job_is_not_begun_any_more(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.cancel(message)

    bundle.paint(message)

    assert bundle.painter.asked == []
    assert bundle.now(message).status is Status.CANCELLED


def test_a_picture_being_painted_is_charged_and_its_uploads_are_removed_later(
    bundle: Bundle,
) -> None:
    message = bundle.order()
    bundle.claim(message)

    cancelled = bundle.cancel(message)

    assert cancelled.status is Status.CANCELLED
    assert bundle.used() == (1, 1)
    assert bundle.open_messages() == 0
    job = bundle.job(message)
    assert (job.status, job.purge_at) == (JobStatus.CANCELLED, NOW + UPLOAD_TIME)


def test_a_late_picture_is_discarded_and_removed(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.painter.script = [BYTES]
    bundle.painter.meanwhile = lambda: bundle.cancel(message)

    bundle.paint(message)

    (slot,) = message.slots
    assert bundle.now(message) == message.changed([slot.cancelled(refunded=False)])
    assert bundle.tables.rows.images == {}
    assert len(bundle.pictures.files) == len(ids.IMAGE_FILES)  # they came too late to be stopped
    assert "image-insert" not in bundle.posted()
    assert bundle.posted()[-1] == "message-preview"
    bundle.clock.advance(seconds=154)
    bundle.sweep()
    assert len(bundle.pictures.files) == len(ids.IMAGE_FILES)  # the function may still run
    bundle.clock.advance(seconds=1)
    bundle.sweep()
    assert bundle.pictures.files == {}
    assert bundle.used() == (1, 1)


def test_a_picture_waiting_for_its_second_attempt_is_refunded(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.claim(message)
    bundle.rescue(message)

    bundle.cancel(message)

    job = bundle.job(message)
    assert (job.status, job.attempt) == (JobStatus.CANCELLED, 2)
    assert job.purge_at == NOW + UPLOAD_TIME  # the first attempt may have uploaded
    assert bundle.used() == (0, 1)


# --- Between the look and the write ------------------------------------------------------------


def test_a_job_begun_at_that_moment_is_cancelled_and_charged(bundle: Bundle) -> None:
    message = bundle.order()
    before(bundle.tables, "commit", lambda: bundle.claim(message))

    cancelled = bundle.cancel(message)

    assert cancelled.status is Status.CANCELLED
    assert bundle.job(message).status is JobStatus.CANCELLED
    assert bundle.used() == (1, 1)
    assert bundle.open_messages() == 0


def test_a_job_rescued_at_that_moment_is_cancelled_and_refunded(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.claim(message)
    before(bundle.tables, "commit", lambda: bundle.move_job(message, Move.RESCUE))

    assert bundle.cancel(message).status is Status.CANCELLED

    assert bundle.job(message).attempt == 2
    assert bundle.used() == (0, 1)


def test_a_picture_delivered_at_that_moment_stays(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.painter.script = [BYTES]
    before(bundle.tables, "commit", lambda: bundle.paint(message))

    seen = bundle.cancel(message)

    assert seen == bundle.now(message)
    assert seen.status is Status.COMPLETE
    assert seen.image is not None
    assert bundle.job(message).status is JobStatus.SUCCEEDED
    assert bundle.used() == (1, 1)
    assert bundle.open_messages() == 0


def test_a_picture_delivered_between_both_reads_stays(bundle: Bundle) -> None:
    """The message was still waiting; its job has ended."""
    message = bundle.order()
    bundle.painter.script = [BYTES]
    before(bundle.ledger, "get", lambda: bundle.paint(message))

    assert bundle.cancel(message).status is Status.COMPLETE


def test_a_job_that_will_not_stand_still_is_told_as_busy(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.tables.rows.jobs.clear()

    with pytest.raises(Busy):
        bundle.cancel(message)

    assert bundle.now(message) == message


# --- Nothing to cancel -------------------------------------------------------------------------


def test_a_version_of_another_try_is_told_as_it_stands(bundle: Bundle) -> None:
    message = bundle.retry(bundle.cancel(bundle.order()))
    assert message.version == 4

    assert bundle.cancel(message, version=3) == message
    assert bundle.cancel(message, version=5) == message
    assert bundle.now(message) == message
    assert bundle.used() == (1, 2)


@pytest.mark.parametrize("seen", [1, 2])
def test_whatever_version_of_this_try_was_seen_is_cancelled(bundle: Bundle, seen: int) -> None:
    """It was thinking when somebody clicked."""
    message = bundle.order()

    assert bundle.cancel(message, version=seen).status is Status.CANCELLED


def test_a_second_click_on_what_was_seen_first_is_told_how_it_stands(bundle: Bundle) -> None:
    message = bundle.order()
    cancelled = bundle.cancel(message)
    seq = bundle.tables.read(USER).seq

    assert bundle.cancel(message) == cancelled
    assert bundle.tables.read(USER).seq == seq


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.FAILED, Status.CANCELLED])
def test_what_has_ended_is_not_running(bundle: Bundle, status: Status) -> None:
    message = bundle.order()
    ended = bundle.set(message, status=status)

    with pytest.raises(NotRunning):
        bundle.cancel(ended)

    assert bundle.now(message) == ended


@pytest.mark.parametrize(
    ("user", "changed"),
    [
        ("bob", {}),
        (USER, {"id": a_ulid(0)}),  # the question
        *[(USER, {"id": one}) for one in (a_ulid(99), "no-ulid")],
        *[(USER, {"chat_id": one}) for one in ("another", "a#b")],
    ],
)
def test_what_is_no_answer_of_ones_own_is_not_found(
    bundle: Bundle, user: str, changed: Any
) -> None:
    message = bundle.order()

    with pytest.raises(NotFound):
        bundle.cancel(replace(message, **changed), user=user)

    assert bundle.now(message) == message


def test_a_deleted_account_cancels_nothing(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.tables.rows.counters[USER].deleted = True

    with pytest.raises(AccountDeleted):
        bundle.cancel(message)
