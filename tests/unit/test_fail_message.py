"""Ending what nobody else ends: once, with the job and the quota behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.bundle import BYTES, DAY, UPLOAD_TIME, USER, Bundle
from tests.support.doubles import NOW
from tests.support.interrupted import before

from afterimage.domain.errors import Blocked, Internal, TimedOut
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Status

SECRET = "what a provider said"


def test_a_text_ends(bundle: Bundle) -> None:
    message = bundle.die_while_thinking()

    assert bundle.end(USER, message, TimedOut(SECRET))

    ended = bundle.now(message)
    assert (ended.status, ended.version) == (Status.FAILED, 2)
    assert (ended.deadline, ended.lease_until) == (None, None)
    assert ended.error is not None
    assert (ended.error.code, ended.error.message) == ("timed_out", TimedOut.public)
    assert bundle.open_messages() == 0
    assert bundle.posted()[-1] == "message-update failed"


def test_a_picture_nobody_began_ends_and_is_refunded(bundle: Bundle) -> None:
    message = bundle.order()

    assert bundle.end(USER, message, Internal(SECRET))

    job = bundle.job(message)
    assert (job.status, job.error_code, job.ended_at) == (JobStatus.FAILED, "internal", NOW)
    assert job.purge_at is None
    assert bundle.code(message) == "internal"
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0


def test_a_picture_somebody_began_ends_and_its_uploads_are_removed_later(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.claim(message)

    assert bundle.end(USER, message, TimedOut(SECRET))

    assert bundle.job(message).purge_at == NOW + UPLOAD_TIME
    assert bundle.used() == (0, 1)


@pytest.mark.parametrize("begun", [False, True])
def test_twice_is_once(bundle: Bundle, *, begun: bool) -> None:
    message = bundle.order()
    if begun:
        bundle.claim(message)

    ended = [bundle.end(USER, message, failure) for failure in (TimedOut(), Internal())]

    assert ended == [True, False]
    assert bundle.code(message) == "timed_out"
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0
    assert bundle.posted().count("message-update failed") == 1


@pytest.mark.parametrize("what", ["delivered", "cancelled", "begun", "rescued"])
def test_who_comes_between_wins(bundle: Bundle, what: str) -> None:
    """It was read as open; by the time of the write something else has happened."""
    message = bundle.order()
    bundle.painter.script = [BYTES]
    acts: dict[str, Callable[[], Any]] = {
        "delivered": lambda: bundle.paint(message),
        "cancelled": lambda: bundle.cancel(message),
        "begun": lambda: bundle.claim(message),
        "rescued": lambda: bundle.rescue(message),
    }
    before(bundle.tables, "commit", acts[what])

    assert not bundle.end(USER, message, TimedOut())

    assert bundle.now(message).status is not Status.FAILED
    assert bundle.job(message).status is not JobStatus.FAILED


def test_a_message_without_its_job_ends_all_the_same(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.tables.rows.jobs.clear()

    assert bundle.end(USER, message, TimedOut())

    assert bundle.now(message).status is Status.FAILED
    assert bundle.open_messages() == 0


def test_a_deleted_account_gets_nothing_back(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.tables.rows.counters[USER].deleted = True

    assert not bundle.end(USER, message, TimedOut())

    assert bundle.now(message) == message


# --- What the ledger has lost --------------------------------------------------------------------


@pytest.mark.parametrize("left", [None, 0])
@pytest.mark.parametrize("how", ["sweep", "cancel", "fail", "delete"])
def test_an_answer_ends_although_its_days_counter_is_gone(
    bundle: Bundle, how: str, left: int | None
) -> None:
    message = bundle.order()
    counters = bundle.tables.rows.used
    del counters[USER, f"quota#{DAY}"]
    if left is not None:
        counters[USER, f"quota#{DAY}"] = left
    match how:
        case "sweep":
            bundle.clock.advance(seconds=451)
            bundle.sweep()
        case "cancel":
            bundle.cancel(message)
        case "fail":
            bundle.painter.script = [Blocked("no")]
            bundle.paint(message)
        case "delete":
            bundle.delete_chat()
            bundle.keep()

    assert bundle.open_messages() == 0
    assert counters.get((USER, f"quota#{DAY}")) == left
    assert bundle.log.events().count("channel_refund_lost") == 1


def test_what_somebody_else_ended_is_said(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.cancel(message)

    assert not bundle.end(USER, message, TimedOut("late"))

    assert "keeper_message_not_ended" in bundle.log.events()
