"""At most so many pictures of a user are painted at once; what waits comes in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.support.builders import a_job, a_ulid
from tests.support.bundle import FOX, LIMITS, USER, Bundle, Killed, new_bundle
from tests.support.interrupted import Mortal, before, behind

from afterimage.domain import turns
from afterimage.domain.changes import InsertJob, MoveJob, RemoveJob, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import Blocked, ProviderUnavailable
from afterimage.domain.jobs import JobStatus
from afterimage.domain.limits import LONGEST_WAIT
from afterimage.domain.messages import Message, Status
from afterimage.domain.metrics import Metric

MANY = replace(LIMITS, daily_images=50, daily_messages=50, open_messages=20)
AT_ONCE = 2
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bundle(threads: Executor) -> Bundle:
    return new_bundle(threads, AT_ONCE, MANY)


def orders(bundle: Bundle, number: int, **changed: Any) -> list[Message]:
    """So many pictures, asked for one after the other."""
    return [bundle.order(n, **changed) for n in range(number)]


def started(bundle: Bundle) -> list[str]:
    """Ids of jobs that were handed to the painter, in order."""
    return [job_id for _, job_id, _ in bundle.starter.started]


def queue(bundle: Bundle) -> tuple[list[str], list[str]]:
    channel = bundle.tables.read(USER)
    return sorted(channel.painting), sorted(channel.waiting)


def ids(*messages: Message) -> list[str]:
    return [message.job_id or "" for message in messages]


def cancel(bundle: Bundle, message: Message) -> None:
    bundle.cancel(bundle.now(message))


def cancel_running(bundle: Bundle, message: Message) -> None:
    bundle.claim(message)
    cancel(bundle, message)


def overdue(bundle: Bundle, message: Message) -> None:
    bundle.set(message, deadline=bundle.clock.now() - MINUTE)
    bundle.sweep()


def delete(bundle: Bundle, message: Message) -> None:
    """Its chat goes; only it is in there."""
    bundle.delete_chat(message.chat_id)
    bundle.keep()


ENDINGS = [Bundle.complete, Bundle.refuse, cancel, cancel_running, overdue, delete]
Ending = Callable[[Bundle, Message], None]


# --- Ordering ------------------------------------------------------------------------------------


def test_a_picture_beyond_the_limit_waits_and_nobody_is_started(bundle: Bundle) -> None:
    first, second, third = orders(bundle, 3)

    assert [bundle.job(m).status for m in (first, second, third)] == [
        JobStatus.RESERVED,
        JobStatus.RESERVED,
        JobStatus.WAITING,
    ]
    assert started(bundle) == ids(first, second)
    assert queue(bundle) == (ids(first, second), ids(third))
    assert (third.status, third.waiting) == (Status.GENERATING, True)
    assert third.deadline == bundle.clock.now() + LONGEST_WAIT
    assert bundle.posted()[-1] == "message-update generating"
    assert bundle.used() == (3, 3)


def test_who_waits_keeps_nobody_else_waiting(bundle: Bundle) -> None:
    orders(bundle, 4)
    bundle.text.script = [FOX]

    bundle.ask(7, user_id="bob")

    assert bundle.starter.started[-1][0] == "bob"
    assert bundle.tables.read("bob").waiting == frozenset()


def test_a_retried_picture_waits_as_a_new_one_does(bundle: Bundle) -> None:
    first = bundle.order(0)
    bundle.refuse(first)
    orders(bundle, 3)[1:]

    again = bundle.retry(bundle.now(first))

    assert again.waiting
    assert ids(again)[0] in queue(bundle)[1]


def test_a_repeated_request_starts_no_picture_that_waits(bundle: Bundle) -> None:
    waiting = orders(bundle, 3)[2]
    before = started(bundle)
    bundle.clock.advance(seconds=61)

    assert bundle.order(2, message_id=a_ulid(2, bundle.clock.now() - timedelta(seconds=61))) == (
        bundle.now(waiting)
    )
    assert started(bundle) == before


def test_nothing_is_read_of_the_queue_while_nobody_waits(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = bundle.order()
    jobs, messages = [], []
    monkeypatch.setattr(bundle.turns._jobs, "get", lambda *key: jobs.append(key))
    monkeypatch.setattr(
        bundle.turns._messages,
        "get",
        lambda *key: messages.append(key),
    )

    bundle.complete(message)
    bundle.order(1)

    assert (jobs, messages) == ([], [])


# --- Whose turn comes ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDINGS)
def test_whatever_ends_a_picture_begins_the_oldest_that_waits(bundle: Bundle, end: Ending) -> None:
    first = bundle.order(0, chat_id="first")
    second, third, fourth = (bundle.order(n) for n in (1, 2, 3))
    bundle.clock.advance(seconds=20)
    seq = bundle.tables.read(USER).seq

    end(bundle, first)

    now = bundle.now(third)
    assert (now.status, now.waiting, now.version) == (Status.GENERATING, False, third.version + 1)
    assert now.deadline == bundle.clock.now() + LIMITS.image_deadline
    job = bundle.job(third)
    assert (job.status, job.turn_at) == (JobStatus.RESERVED, bundle.clock.now())
    assert queue(bundle) == (ids(second, third), ids(fourth))
    assert started(bundle) == ids(first, second, third)
    assert bundle.posted().count("message-update generating") == 5
    assert bundle.tables.read(USER).seq > seq


@pytest.mark.parametrize("end", [cancel, overdue, delete])
def test_a_picture_that_waits_costs_nothing_when_it_ends(bundle: Bundle, end: Ending) -> None:
    orders(bundle, 2)
    waiting = bundle.order(2, chat_id="another")

    end(bundle, waiting)

    assert bundle.used()[0] == AT_ONCE
    assert len(queue(bundle)[0]) == AT_ONCE
    assert queue(bundle)[1] == []
    assert len(started(bundle)) == AT_ONCE
    assert bundle.open_messages() == AT_ONCE


def test_a_wait_of_thirty_minutes_ends(bundle: Bundle) -> None:
    waiting = orders(bundle, 3)[2]
    for message in bundle.tables.rows.messages.values():
        if message.is_open and message.id != waiting.id:
            bundle.set(message, deadline=bundle.clock.now() + timedelta(hours=1))

    bundle.clock.advance(seconds=LONGEST_WAIT.total_seconds() + 1)
    bundle.sweep()

    assert bundle.code(waiting) == "timed_out"
    assert "turn" in (bundle.now(waiting).error or Blocked()).message  # type: ignore[union-attr]
    assert bundle.job(waiting).status is JobStatus.FAILED
    assert bundle.used()[0] == AT_ONCE


def test_a_picture_in_a_chat_that_is_being_deleted_is_passed_over(bundle: Bundle) -> None:
    first, second = orders(bundle, 2)
    going, next_one = bundle.order(2, chat_id="going"), bundle.order(3)
    bundle.delete_chat("going")

    bundle.complete(first)

    assert queue(bundle) == (ids(second, next_one), ids(going))
    bundle.keep()
    assert queue(bundle) == (ids(second, next_one), [])


def test_a_deleted_account_has_no_queue(bundle: Bundle) -> None:
    orders(bundle, 3)

    bundle.delete_account()

    assert queue(bundle) == ([], [])


# --- Races ---------------------------------------------------------------------------------------


def test_room_that_is_made_without_an_event_is_seen(bundle: Bundle) -> None:
    """The last picture goes with its chat, which moves no `seq`, while another one is ordered."""
    first, second = bundle.order(0, chat_id="going"), bundle.order(1, chat_id="going")
    bundle.delete_chat("going")  # its event comes before; what goes with it has none
    behind(bundle.turns, "room", bundle.keep)

    third = bundle.order(2)

    assert not third.waiting
    assert queue(bundle) == (ids(third), [])
    assert {first.job_id, second.job_id}.isdisjoint(job for _, job in bundle.tables.rows.jobs)


def test_whose_turn_has_been_taken_meanwhile_is_not_taken_twice(bundle: Bundle) -> None:
    """Between reading and writing the one that waits goes, with its chat and without an event."""
    first, second = orders(bundle, 2)
    going, after = bundle.order(2, chat_id="going"), bundle.order(3)

    def it_goes() -> None:
        bundle.delete_chat("going")
        bundle.keep()

    behind(bundle.turns, "_begun", it_goes)

    bundle.complete(first)

    assert bundle.now(first).status is Status.COMPLETE
    assert queue(bundle) == (ids(second, after), [])
    assert going.job_id not in started(bundle)


def test_two_that_end_at_once_begin_two(bundle: Bundle) -> None:
    first, second, third, fourth = orders(bundle, 4)
    before(bundle.tables, "commit", lambda: cancel(bundle, second))

    cancel(bundle, first)

    assert queue(bundle) == (ids(third, fourth), [])
    assert started(bundle)[2:] == ids(third, fourth)


# --- What the queue does not know ----------------------------------------------------------------


def test_a_job_that_ended_without_the_queue_is_forgotten_when_there_is_no_room(
    bundle: Bundle,
) -> None:
    """As a version of the code ends it that knows no queue, while both run."""
    first, second, third = orders(bundle, 3)
    for message in (first, second):
        job = replace(bundle.job(message), status=JobStatus.SUCCEEDED)
        bundle.tables.rows.jobs[USER, job.id] = job

    fourth = bundle.order(3)

    assert queue(bundle) == (ids(third, fourth), [])
    assert sorted(started(bundle)) == ids(first, second, third, fourth)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_waiting_job_that_ended_without_the_queue_is_passed_over(
    bundle: Bundle, *, is_gone: bool
) -> None:
    first, second, third, fourth = orders(bundle, 4)
    job = bundle.tables.rows.jobs.pop((USER, third.job_id or ""))
    if not is_gone:
        bundle.tables.rows.jobs[USER, job.id] = replace(job, status=JobStatus.FAILED)

    cancel(bundle, first)

    assert queue(bundle) == (ids(second, fourth), [])


# --- Whatever dies -------------------------------------------------------------------------------


def test_what_nobody_claimed_for_a_minute_is_started_again(bundle: Bundle) -> None:
    message = bundle.order()
    bundle.clock.advance(seconds=59)
    bundle.sweep()
    assert started(bundle) == ids(message)

    bundle.clock.advance(seconds=1.1)
    bundle.sweep()
    assert started(bundle) == ids(message, message)

    bundle.claim(message)
    bundle.sweep()
    assert started(bundle) == ids(message, message)


def test_a_text_or_a_picture_that_waits_is_not_started(bundle: Bundle) -> None:
    bundle.die_while_thinking()
    for number in (1, 2, 3):
        bundle.order(number)
    for message in bundle.tables.rows.messages.values():
        if message.is_open:
            bundle.set(message, deadline=bundle.clock.now() + 6 * MINUTE)
    before = started(bundle)

    bundle.sweep()

    assert sorted(started(bundle)) == sorted(before + before)


def test_a_painter_that_cannot_be_invoked_is_left_to_the_sweep(bundle: Bundle) -> None:
    first, _, third = orders(bundle, 3)
    bundle.starter.fails = ProviderUnavailable("no")
    bundle.complete(first)
    assert bundle.now(third).status is Status.GENERATING

    bundle.clock.advance(seconds=61)
    bundle.sweep()  # once more in vain
    bundle.starter.fails = None
    bundle.sweep()

    assert ids(third)[0] in started(bundle)[2:]


def test_a_starter_with_a_defect_never_breaks_the_work(bundle: Bundle) -> None:
    first, _, third = orders(bundle, 3)
    bundle.starter.fails = ZeroDivisionError("a defect")

    bundle.complete(first)

    assert bundle.now(first).status is Status.COMPLETE
    assert bundle.now(third).status is Status.GENERATING
    assert bundle.metrics.of(Metric.DEFECTS) == [1]


def let_everything_run(bundle: Bundle) -> None:
    """The painter takes what it is handed, and the keeper looks every minute, for half an hour."""
    bundle.keeper.started += list(bundle.tables.rows.deletions)
    bundle.keep()
    for _ in range(30):
        bundle.clock.advance(seconds=60)
        bundle.sweep()
        for message in list(bundle.tables.rows.messages.values()):
            if message.is_open and message.job_id in started(bundle):
                bundle.complete(message)


@pytest.mark.parametrize("end", ENDINGS)
def test_killed_at_any_step_the_queue_goes_on(threads: Executor, end: Ending) -> None:
    begun = new_bundle(threads, AT_ONCE, MANY)
    first = begun.order(0, chat_id="first")
    others = [begun.order(n) for n in (1, 2, 3)]
    for step in count(1):
        bundle = begun.again()
        mortal = Mortal(step)
        mortal.watch(bundle.tables, "commit", "read")
        mortal.watch(bundle.starter, "start")
        mortal.watch(bundle.push, "post")
        with suppress(Killed):
            end(bundle, first)
        mortal.revive()

        let_everything_run(bundle)

        assert queue(bundle) == ([], []), step
        assert [bundle.now(message).status for message in others] == [Status.COMPLETE] * 3, step
        assert bundle.open_messages() == 0
        if not mortal.is_dead:
            break
    assert step > 4


# --- What becomes of a job, becomes of its place -------------------------------------------------


@pytest.mark.parametrize(
    ("status", "painting", "waiting"),
    [
        (JobStatus.WAITING, 0, 1),
        (JobStatus.RESERVED, 1, 0),
        (JobStatus.RUNNING, 1, 0),
        (JobStatus.SUCCEEDED, 0, 0),
        (JobStatus.FAILED, 0, 0),
        (JobStatus.CANCELLED, 0, 0),
    ],
)
def test_a_job_stands_where_its_status_says(status: JobStatus, painting: int, waiting: int) -> None:
    there = replace(a_job(), status=status)
    everywhere = Channel(USER, painting=frozenset({there.id}), waiting=frozenset({there.id}))

    for channel in (Channel(USER), everywhere):
        for change in (InsertJob(there), MoveJob(a_job(), there)):
            then = turns.after(channel, Transition((change,), ()))
            assert (len(then.painting), len(then.waiting)) == (painting, waiting)
    then = turns.after(everywhere, Transition((RemoveJob(there),), ()))
    assert (then.painting, then.waiting) == (frozenset(), frozenset())
