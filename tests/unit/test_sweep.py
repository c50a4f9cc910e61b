"""The sweep: everything overdue ends, with no client watching."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.builders import CHAT, a_job, a_message, a_ulid
from tests.support.bundle import BYTES, CALL, UPLOAD_TIME, USER, Bundle
from tests.support.doubles import NOW
from tests.support.in_memory import Counter
from tests.support.interrupted import fail, slow

from afterimage.domain import ids
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.jobs import JobStatus
from afterimage.domain.messages import Message, Role, Status
from afterimage.ports.channel import LostRace
from afterimage.ports.keeping import OPEN_PARTITIONS, MessageKey


def waiting(bundle: Bundle, number: int, user: str = USER, **changed: Any) -> Message:
    """An answer whose function died, a minute overdue."""
    fields: dict[str, Any] = {
        "role": Role.ASSISTANT,
        "status": Status.THINKING,
        "deadline": datetime.fromisoformat("2026-11-20T09:59:00+00:00"),
    }
    message = a_message(number, **{**fields, **changed})
    bundle.tables.rows.messages[user, CHAT, message.id] = message
    counter = bundle.tables.rows.counters.setdefault(user, Counter())
    counter.open += 1
    return message


def statuses(bundle: Bundle) -> list[Status]:
    return [message.status for message in bundle.tables.rows.messages.values()]


# --- Messages ----------------------------------------------------------------------------------


def test_a_text_ends_when_its_deadline_has_passed_and_not_before(bundle: Bundle) -> None:
    message = bundle.die_while_thinking()

    bundle.clock.advance(seconds=75)
    bundle.sweep()
    assert bundle.now(message) == message
    bundle.clock.advance(seconds=1)
    bundle.sweep()

    assert bundle.code(message) == "timed_out"
    assert bundle.open_messages() == 0
    assert bundle.posted()[-1] == "message-update failed"


@pytest.mark.parametrize("begun", [False, True])
def test_a_picture_ends_when_its_deadline_has_passed_and_costs_nothing(
    bundle: Bundle, *, begun: bool
) -> None:
    message = bundle.order()
    if begun:
        bundle.claim(message)

    bundle.clock.advance(seconds=450)
    bundle.sweep()
    assert bundle.now(message) == message
    bundle.clock.advance(seconds=1)
    bundle.sweep()

    assert bundle.code(message) == "timed_out"
    assert bundle.now(message).parts == CALL  # which the history answers by an error
    assert bundle.job(message).status is JobStatus.FAILED
    assert bundle.used() == (0, 1)
    assert bundle.open_messages() == 0


def test_a_whole_conversation_of_overdue_messages_ends(bundle: Bundle) -> None:
    for number in range(250):
        waiting(bundle, number)

    bundle.sweep()

    assert set(statuses(bundle)) == {Status.FAILED}
    assert bundle.open_messages() == 0
    assert bundle.tables.read(USER).seq == 250


def test_twice_is_once(bundle: Bundle) -> None:
    waiting(bundle, 0)
    bundle.order(1)
    bundle.clock.advance(seconds=451)

    bundle.sweep()
    once = (bundle.tables.read(USER), dict(bundle.tables.rows.messages), bundle.used())
    bundle.sweep()

    assert (bundle.tables.read(USER), bundle.tables.rows.messages, bundle.used()) == once
    assert bundle.used()[0] == 0


def test_an_index_that_is_behind_ends_nothing(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still names what was delivered, moved or removed a moment ago."""
    complete, later = bundle.painted(0), bundle.order(1)
    past = NOW - timedelta(seconds=1)
    named = [(MessageKey(USER, CHAT, id_), past) for id_ in (complete.id, later.id, a_ulid(99))]
    monkeypatch.setattr(bundle.index, "open_messages", lambda *_: iter(named))

    bundle.sweep()

    assert bundle.now(complete).status is Status.COMPLETE
    assert bundle.now(later) == later


def test_one_that_cannot_be_ended_does_not_keep_the_others_open(bundle: Bundle) -> None:
    broken, *others = [waiting(bundle, number) for number in range(4)]
    unread = ValueError("a row that cannot be read")
    fail(bundle.messages, "get", unread, when=lambda *key: key[2] == broken.id)

    bundle.sweep()

    assert all(bundle.now(message).status is Status.FAILED for message in others)
    assert bundle.now(broken) == broken
    assert "keeper_sweep_step_failed" in bundle.log.events()


def test_without_time_it_begins_nothing_and_the_next_one_goes_on(bundle: Bundle) -> None:
    message = bundle.order(7)
    bundle.claim(message)
    bundle.cancel(message)
    messages = [waiting(bundle, number) for number in range(3)]
    bundle.clock.advance(seconds=UPLOAD_TIME.total_seconds())

    bundle.sweep(seconds=0)
    assert all(bundle.now(message).is_open for message in messages)
    assert bundle.job(message).purge_at is not None

    bundle.sweep()
    assert not any(bundle.now(message).is_open for message in messages)
    assert bundle.job(message).purge_at is None


def test_it_stops_when_its_time_is_over(bundle: Bundle) -> None:
    for number in range(10):
        waiting(bundle, number)
    slow(bundle, "end", bundle.clock, 20)

    bundle.sweep(seconds=50)

    assert statuses(bundle).count(Status.FAILED) == 3


# --- Uploads -----------------------------------------------------------------------------------


def test_uploads_of_a_failed_picture_go_with_the_next_sweep(bundle: Bundle) -> None:
    bundle.pictures.refuses.add("full.webp")
    message = bundle.painted()
    assert bundle.pictures.files

    bundle.sweep()

    assert bundle.pictures.files == {}
    assert bundle.job(message).purge_at is None
    assert bundle.job(message).status is JobStatus.FAILED


def test_they_go_once(bundle: Bundle) -> None:
    bundle.blocked()

    bundle.sweep()
    bundle.sweep()

    assert bundle.journal.count("delete files") == 1
    assert bundle.log.events().count("keeper_uploads_purged") == 1


def test_uploads_that_cannot_be_removed_are_tried_again(bundle: Bundle) -> None:
    bundle.pictures.refuses.add("full.webp")
    message = bundle.painted()
    other = waiting(bundle, 9)
    fail(bundle.pictures, "delete", OSError("the bucket is away"), times=1)

    bundle.sweep()
    assert bundle.pictures.files
    assert bundle.job(message).purge_at == NOW
    assert bundle.now(other).status is Status.FAILED

    bundle.sweep()
    assert bundle.pictures.files == {}


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.RUNNING, JobStatus.RESERVED])
def test_the_files_of_a_picture_are_never_removed_by_a_stale_index(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, status: JobStatus
) -> None:
    job = a_job(status=status, purge_at=NOW)
    bundle.tables.rows.jobs[USER, job.id] = job
    keys = [ids.image_key(USER, job.id, name) for name in ids.IMAGE_FILES]
    bundle.pictures.files = dict.fromkeys(keys, BYTES)
    monkeypatch.setattr(bundle.index, "due_removals", lambda *_: iter([(USER, job.id)]))

    bundle.sweep()

    assert set(bundle.pictures.files) == set(keys)


def test_uploads_of_a_job_that_is_gone_or_purged_are_no_matter(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = a_job(1, status=JobStatus.FAILED)
    bundle.tables.rows.jobs[USER, done.id] = done
    named = [(USER, done.id), (USER, a_ulid(99))]
    monkeypatch.setattr(bundle.index, "due_removals", lambda *_: iter(named))

    bundle.sweep()

    assert "delete files" not in bundle.journal
    assert bundle.log.events() == ["keeper_swept"]


def test_only_this_jobs_files_are_removed(bundle: Bundle) -> None:
    kept = bundle.painted(0)
    bundle.pictures.refuses.add("full.webp")
    bundle.painted(1)

    bundle.sweep()

    assert set(bundle.pictures.files) == {
        ids.image_key(USER, kept.job_id or "", name) for name in ids.IMAGE_FILES
    }


# --- What fails keeps nobody waiting -----------------------------------------------------------


def contend(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, users: set[str]) -> None:
    """Every transaction of these users loses, for ever, and a try takes 20 ms."""
    commit = bundle.tables.commit

    def commit_unless(channel: Channel, transition: Transition, *rest: Any) -> None:
        bundle.clock.advance(seconds=0.02)
        if channel.user_id in users:
            raise LostRace
        commit(channel, transition, *rest)

    monkeypatch.setattr(bundle.tables, "commit", commit_unless)


@pytest.mark.parametrize("stuck", [1, 10, 400])
def test_rows_that_fail_slowly_keep_no_message_and_no_removal_waiting(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, stuck: int
) -> None:
    to_go = a_job(7, status=JobStatus.FAILED, purge_at=NOW)
    bundle.tables.rows.jobs[USER, to_go.id] = to_go
    busy = {f"busy-{number}" for number in range(stuck)}
    for user in sorted(busy):
        waiting(bundle, 0, user)
    others = [f"user-{number}" for number in range(40)]
    messages = {user: waiting(bundle, 0, user) for user in others}
    contend(bundle, monkeypatch, busy)

    bundle.sweep()

    stored = bundle.tables.rows.messages
    left = [user for user in others if stored[user, CHAT, messages[user].id].is_open]
    assert left == []
    assert bundle.tables.rows.jobs[USER, to_go.id].purge_at is None
    assert bundle.clock.now() - NOW <= timedelta(seconds=60)


def test_a_removal_that_takes_all_it_gets_keeps_no_other_waiting(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [(f"user-{number}", "deletion#chat#large") for number in range(5)]
    monkeypatch.setattr(bundle.index, "due_removals", lambda of, _: iter(names if of == 0 else ()))
    gone_on_with: list[str] = []

    def finish(user_id: str, _: str, until: datetime) -> None:
        gone_on_with.append(user_id)
        assert until - bundle.clock.now() >= timedelta(seconds=1)
        bundle.clock.advance(seconds=(until - bundle.clock.now()).total_seconds())

    monkeypatch.setattr(bundle, "finish", finish)

    bundle.sweep()

    assert sorted(gone_on_with) == [user for user, _ in names]
    assert bundle.clock.now() - NOW <= timedelta(seconds=55)


def test_each_sweep_begins_somewhere_else(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    begun_at: list[int] = []

    def first(partition: int, _: datetime) -> Iterator[MessageKey]:
        begun_at.append(partition)
        return iter(())

    monkeypatch.setattr(bundle.index, "open_messages", first)
    for _ in range(8):
        bundle.sweep()

    assert len(begun_at) == 8 * OPEN_PARTITIONS
    assert len(set(begun_at[::OPEN_PARTITIONS])) > 4


def test_in_a_partition_too_nothing_comes_first_every_time(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = NOW - timedelta(seconds=1)
    keys = [(MessageKey(USER, CHAT, a_ulid(number)), past) for number in range(10)]
    monkeypatch.setattr(bundle.index, "open_messages", lambda of, _: iter(keys if not of else ()))
    looked_at: list[str] = []
    monkeypatch.setattr(bundle.messages, "get", lambda *key: looked_at.append(key[2]))
    for _ in range(8):
        bundle.sweep()

    assert len(set(looked_at[::10])) > 4


def test_a_partition_that_cannot_be_read_keeps_no_other_waiting(bundle: Bundle) -> None:
    message = waiting(bundle, 0)
    look, away = bundle.index.open_messages, OSError("the index is away")
    own = next(of for of in range(OPEN_PARTITIONS) if list(look(of, NOW)))
    fail(bundle.index, "open_messages", away, when=lambda of, _: of != own)

    bundle.sweep()

    assert bundle.now(message).status is Status.FAILED
