"""`DueIndex`: what waits for the keeper, whoever it belongs to, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_job, a_message
from tests.support.doubles import NOW, REQUEST

from afterimage.domain.changes import (
    CorrectOpen,
    InsertJob,
    InsertMessage,
    MoveJob,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.errors import TimedOut
from afterimage.domain.events import MessageInserted
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message, Role, Status
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.keeping import OPEN_PARTITIONS, MessageKey

SECOND = timedelta(seconds=1)


def an_answer(number: int, deadline: datetime, status: Status = Status.THINKING) -> Message:
    return a_message(number, role=Role.ASSISTANT, status=status, deadline=deadline)


def overdue(tables: Tables, *users: str, now: datetime = NOW) -> list[MessageKey]:
    """All of these users', once for each partition that names them."""
    found = (
        key
        for partition in range(OPEN_PARTITIONS)
        for key, deadline in tables.index.open_messages(partition, now)
        if deadline < now
    )
    return sorted((key for key in found if key.user_id in users), key=lambda key: key.message_id)


def failed(tables: Tables, user: str, number: int, purge_at: datetime) -> Job:
    """A job that ended while it was running, and may have left files."""
    tables.commit(user, InsertJob(a_job(number)))
    running = tables.jobs.claim(user, a_job(number).id, 1, NOW, REQUEST)
    assert running is not None
    ended = moved(running, Move.FAIL, NOW, error_code="internal", purge_at=purge_at)
    tables.commit(user, MoveJob(running, ended))
    return ended


# --- Messages ----------------------------------------------------------------------------------


def test_what_is_open_past_its_deadline_is_found_once(tables: Tables, user: str) -> None:
    thinking, painting = an_answer(1, NOW - SECOND), an_answer(2, NOW - SECOND, Status.GENERATING)

    tables.commit(user, InsertMessage(thinking), InsertMessage(painting))

    assert overdue(tables, user) == [
        MessageKey(user, CHAT, thinking.id),
        MessageKey(user, CHAT, painting.id),
    ]


def test_what_has_time_left_is_not_found_before_it_is_over(tables: Tables, user: str) -> None:
    message = an_answer(1, NOW + 60 * SECOND)

    tables.commit(user, InsertMessage(message))

    assert overdue(tables, user) == []
    assert overdue(tables, user, now=NOW + 60 * SECOND) == []
    assert overdue(tables, user, now=NOW + 61 * SECOND) == [MessageKey(user, CHAT, message.id)]


def test_what_has_ended_is_in_the_index_no_more(tables: Tables, user: str) -> None:
    message = an_answer(1, NOW - SECOND)
    tables.commit(user, InsertMessage(a_message(0)), InsertMessage(message))

    tables.commit(user, ReplaceMessage(message.failed(TimedOut(), NOW), 1))

    assert overdue(tables, user, now=NOW + timedelta(days=9)) == []


def test_a_deadline_that_moved_counts_from_where_it_is(tables: Tables, user: str) -> None:
    message = an_answer(1, NOW - SECOND)
    tables.commit(user, InsertMessage(message))

    later = replace(message, version=2, deadline=NOW + 60 * SECOND)
    tables.commit(user, ReplaceMessage(later, 1))

    assert overdue(tables, user) == []


def test_overdue_messages_of_all_people_are_found(
    tables: Tables, user: str, somebody_else: str
) -> None:
    for number, name in enumerate((user, somebody_else)):
        tables.commit(name, InsertMessage(an_answer(number, NOW - SECOND)))

    assert {key.user_id for key in overdue(tables, user, somebody_else)} == {user, somebody_else}


def test_a_name_with_the_separator_in_it_comes_back_whole(tables: Tables, user: str) -> None:
    name, message = f"auth0|{user}#1", an_answer(1, NOW - SECOND)

    tables.commit(name, InsertMessage(message))

    assert overdue(tables, name) == [MessageKey(name, CHAT, message.id)]


def test_overdue_messages_of_many_pages_are_all_found_once(tables: Tables, user: str) -> None:
    messages = [an_answer(number, NOW - SECOND) for number in range(7)]
    tables.commit(user, *map(InsertMessage, messages))
    tables.page_rows(2)

    assert [key.message_id for key in overdue(tables, user)] == [m.id for m in messages]


def test_rows_may_end_while_the_index_is_read(tables: Tables, user: str) -> None:
    """As a sweep does: each page is read after the rows of the one before have ended."""
    messages = {m.id: m for m in (an_answer(number, NOW - SECOND) for number in range(5))}
    tables.commit(user, *map(InsertMessage, messages.values()))
    tables.page_rows(2)

    def ending() -> Iterator[str]:
        for partition in range(OPEN_PARTITIONS):
            for key, _ in tables.index.open_messages(partition, NOW):
                if key.user_id == user:
                    ended = messages[key.message_id].failed(TimedOut(), NOW)
                    tables.commit(user, ReplaceMessage(ended, 1))
                    yield key.message_id

    assert sorted(ending()) == sorted(messages)
    assert overdue(tables, user) == []


# --- Uploads to be removed ---------------------------------------------------------------------


def test_uploads_are_due_from_their_time_on(tables: Tables, user: str) -> None:
    job = failed(tables, user, 1, NOW + 60 * SECOND)

    assert tables.due(user, 59 * SECOND) == []
    assert tables.due(user, 60 * SECOND) == [job.id]
    assert tables.jobs.get(user, job.id) == job


def test_a_job_without_uploads_is_never_due(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()))
    ended = moved(a_job(), Move.FAIL, NOW, error_code="internal", purge_at=NOW)
    tables.commit(user, MoveJob(a_job(), ended))

    assert ended.purge_at is None
    assert tables.due(user, timedelta(days=9)) == []


def test_what_has_been_purged_is_due_no_more(tables: Tables, user: str) -> None:
    job = failed(tables, user, 1, NOW)

    tables.jobs.purged(user, job.id)
    tables.jobs.purged(user, job.id)

    assert tables.due(user, timedelta(days=9)) == []
    assert tables.jobs.get(user, job.id) == replace(job, purge_at=None)


def test_noting_a_purge_of_a_job_that_is_gone_leaves_no_row(tables: Tables, user: str) -> None:
    tables.jobs.purged(user, a_job().id)

    assert tables.jobs.get(user, a_job().id) is None
    assert tables.usage.recent_jobs(user, 10) == []


def test_uploads_of_many_pages_are_all_due_once(
    tables: Tables, user: str, somebody_else: str
) -> None:
    jobs = [failed(tables, user, number, NOW).id for number in range(5)]
    others = [failed(tables, somebody_else, number, NOW).id for number in range(3)]
    tables.page_rows(2)

    assert tables.due(user) == jobs
    assert tables.due(somebody_else) == others


def test_a_name_with_the_separator_in_it_owns_its_uploads(tables: Tables, user: str) -> None:
    name = f"auth0|{user}#1"
    job = failed(tables, name, 1, NOW)

    assert tables.due(name) == [job.id]


def test_the_open_messages_of_one_user_are_found_whenever_they_are_due(
    tables: Tables, user: str, somebody_else: str
) -> None:
    later = NOW + timedelta(days=1)
    tables.commit(user, InsertMessage(an_answer(1, later)))
    tables.commit(user, InsertMessage(replace(an_answer(2, later), status=Status.COMPLETE)))
    tables.commit(somebody_else, InsertMessage(an_answer(3, later)))

    assert list(tables.index.open_of(user)) == [MessageKey(user, CHAT, an_answer(1, NOW).id)]


def test_who_has_open_answers_is_in_one_part_of_all(
    tables: Tables, user: str, somebody_else: str
) -> None:
    opening = Transition((InsertMessage(an_answer(1, NOW)),), (), opens=1)
    tables.store.commit(tables.store.read(user), opening, NOW)
    tables.commit(somebody_else, InsertMessage(an_answer(1, NOW)))

    parts = [set(tables.index.users_with_open(part, 3)) for part in range(3)]

    assert sum(user in part for part in parts) == 1
    assert not any(somebody_else in part for part in parts)


def test_a_correction_holds_only_where_nothing_moved(tables: Tables, user: str) -> None:
    message = an_answer(1, NOW)
    opening = Transition((InsertMessage(message),), (MessageInserted(message),), opens=2)
    tables.store.commit(tables.store.read(user), opening, NOW)
    read = tables.store.read(user)

    tables.store.commit(read, Transition((CorrectOpen(2, 1),), ()), NOW)
    with pytest.raises(ConditionsFailed):
        tables.store.commit(read, Transition((CorrectOpen(2, 1),), ()), NOW)

    assert tables.store.read(user).open_messages == 1
