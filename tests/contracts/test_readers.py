"""`MessageReader`, `ChatReader`, `ImageReader`, `UsageReader`: pages of one's own rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_job, a_message, a_ulid, an_image
from tests.support.doubles import NOW, REQUEST

from afterimage.domain.changes import (
    CountMessage,
    InsertImage,
    InsertJob,
    InsertMessage,
    ReserveImage,
    TouchChat,
)
from afterimage.domain.chats import Chat
from afterimage.domain.job_life import Move, moved
from afterimage.ports.chats import ChatPosition, DayUse

DAY = "2026-11-20"


@pytest.fixture
def chat_of_nine(tables: Tables, user: str) -> list[str]:
    messages = [a_message(number) for number in range(9)]
    tables.commit(user, *map(InsertMessage, messages))
    return [message.id for message in messages]


def test_messages_come_newest_first_page_by_page(
    tables: Tables, user: str, chat_of_nine: list[str]
) -> None:
    pages: list[list[str]] = []
    before = None
    while page := [row.id for row in tables.messages.before(user, CHAT, before, 4)]:
        pages.append(page)
        before = page[-1]

    assert [len(page) for page in pages] == [4, 4, 1]
    assert [id_ for page in pages for id_ in page] == chat_of_nine[::-1]


def test_messages_from_one_on_come_oldest_first(
    tables: Tables, user: str, chat_of_nine: list[str]
) -> None:
    found = [row.id for row in tables.messages.starting(user, CHAT, chat_of_nine[3], 4)]

    assert found == chat_of_nine[3:7]


def test_messages_from_one_that_is_gone_on(
    tables: Tables, user: str, chat_of_nine: list[str]
) -> None:
    tables.delete_message(user, CHAT, chat_of_nine[3])

    found = [row.id for row in tables.messages.starting(user, CHAT, chat_of_nine[3], 2)]

    assert found == chat_of_nine[4:6]


def test_no_page_of_nothing(tables: Tables, user: str, chat_of_nine: list[str]) -> None:
    assert tables.messages.before(user, CHAT, chat_of_nine[8], 0) == []


def test_a_message_is_read_right_after_it_is_written(tables: Tables, user: str) -> None:
    for number in range(20):
        tables.commit(user, InsertMessage(a_message(number)))
        assert tables.messages.get(user, CHAT, a_message(number).id) == a_message(number)


@pytest.mark.usefixtures("chat_of_nine")
def test_messages_are_of_one_chat_of_one_person(
    tables: Tables, user: str, somebody_else: str
) -> None:
    assert tables.messages.before(somebody_else, CHAT, None, 50) == []
    assert tables.messages.before(user, "another-chat", None, 50) == []
    assert tables.messages.starting(somebody_else, CHAT, a_ulid(), 50) == []
    assert tables.messages.get(somebody_else, CHAT, a_ulid(3)) is None


def test_no_name_of_a_person_reaches_into_another_ones_rows(tables: Tables, user: str) -> None:
    """Person and chat share a key; `a` with chat `b` is not `a#b` with another."""
    tables.commit(user, InsertMessage(a_message(1)))

    assert tables.messages.before(f"{user}#{CHAT}", CHAT, None, 50) == []
    assert tables.messages.before(user[:-1], user[-1] + CHAT, None, 50) == []


def test_what_a_search_compares_of_a_chat(tables: Tables, user: str, somebody_else: str) -> None:
    painted = replace(a_message(2), text="Here:", prompt="a red fox")
    tables.commit(user, InsertMessage(a_message(1)), InsertMessage(painted))
    tables.commit(user, InsertMessage(a_message(3)))

    newest, *older = tables.sayings.sayings(user, CHAT, None, 2)

    assert newest.id == a_ulid(3)
    assert [(one.id, one.text) for one in older] == [(a_ulid(2), "Here:\na red fox")]
    assert [one.id for one in tables.sayings.sayings(user, CHAT, a_ulid(2), 5)] == [a_ulid(1)]
    assert tables.sayings.sayings(user, "another", None, 5) == []
    assert tables.sayings.sayings(somebody_else, CHAT, None, 5) == []


def touched(tables: Tables, user: str, *chat_ids: str) -> None:
    for number, chat_id in enumerate(chat_ids):
        tables.commit(user, TouchChat(chat_id, chat_id, NOW + timedelta(seconds=number)))


def chat_pages(tables: Tables, user: str, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    after: ChatPosition | None = None
    while True:
        chats, after = tables.chats.page(user, after, limit)
        pages.append([chat.id for chat in chats])
        if after is None:
            return pages


def test_chats_come_latest_first_page_by_page(tables: Tables, user: str) -> None:
    touched(tables, user, "e", "a", "d", "b", "c")

    assert chat_pages(tables, user, 2) == [["c", "b"], ["d", "a"], ["e"]]
    assert chat_pages(tables, user, 50) == [["c", "b", "d", "a", "e"]]


def test_chats_of_one_moment_all_come_once(tables: Tables, user: str) -> None:
    for chat_id in "abcdefg":
        tables.commit(user, TouchChat(chat_id, chat_id, NOW))

    pages = chat_pages(tables, user, 3)

    assert sorted(chat_id for page in pages for chat_id in page) == list("abcdefg")


def test_a_touched_chat_comes_first_again(tables: Tables, user: str) -> None:
    touched(tables, user, "a", "b", "c")

    tables.commit(user, TouchChat("a", "ignored", NOW + timedelta(hours=1)))

    chats, _ = tables.chats.page(user, None, 50)
    assert [chat.id for chat in chats] == ["a", "c", "b"]
    assert chats[0] == Chat("a", "a", NOW, NOW + timedelta(hours=1))


def test_chats_being_deleted_are_left_out_and_pages_stay_full(tables: Tables, user: str) -> None:
    touched(tables, user, "a", "b", "c", "d", "e")
    tables.delete_chat(user, "d")
    tables.delete_chat(user, "b")

    assert chat_pages(tables, user, 2)[0] == ["e", "c"]
    assert tables.chats.get(user, "d") is None


def test_chats_of_others_are_not_seen(tables: Tables, user: str, somebody_else: str) -> None:
    touched(tables, user, "a")

    assert tables.chats.page(somebody_else, None, 50) == ([], None)
    assert tables.chats.get(somebody_else, "a") is None


def test_pictures_come_newest_first_page_by_page(tables: Tables, user: str) -> None:
    images = [an_image(number) for number in range(5)]
    tables.commit(user, *map(InsertImage, images))

    first = tables.images.before(user, None, 2)
    rest = tables.images.before(user, first[-1].id, 50)

    assert [*first, *rest] == images[::-1]


def test_pictures_of_others_are_not_seen(tables: Tables, user: str, somebody_else: str) -> None:
    tables.commit(user, InsertImage(an_image()))

    assert tables.images.before(somebody_else, None, 50) == []


def test_usage_of_a_day_without_any(tables: Tables, user: str) -> None:
    assert tables.usage.used(user, DAY) == DayUse(0, 0, 0, 0)


def test_usage_is_of_one_person(tables: Tables, user: str, somebody_else: str) -> None:
    tables.commit(user, ReserveImage(DAY, 5), CountMessage(DAY, 5))

    assert tables.usage.used(user, DAY) == DayUse(1, 1, 0, 0)
    assert tables.usage.used(somebody_else, DAY) == DayUse(0, 0, 0, 0)


def test_recent_jobs_come_newest_first_without_the_counters(
    tables: Tables, user: str, somebody_else: str
) -> None:
    jobs = [a_job(number) for number in range(4)]
    tables.commit(user, *map(InsertJob, jobs), ReserveImage(DAY, 5), CountMessage(DAY, 5))

    assert tables.usage.recent_jobs(user, 3) == jobs[:0:-1]
    assert tables.usage.recent_jobs(user, 50) == jobs[::-1]
    assert tables.usage.recent_jobs(somebody_else, 50) == []


def test_a_job_is_claimed_once(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()))

    claimed = tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST)

    running = moved(a_job(), Move.CLAIM, NOW, claimed_by=REQUEST)
    assert claimed == running
    assert running.status == "running"
    assert tables.jobs.get(user, a_job().id) == running
    assert tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST) is None, "nor by the same event"


@pytest.mark.parametrize("attempt", [0, 2])
def test_a_job_is_claimed_only_at_its_attempt(tables: Tables, user: str, attempt: int) -> None:
    tables.commit(user, InsertJob(a_job()))

    assert tables.jobs.claim(user, a_job().id, attempt, NOW, REQUEST) is None
    assert tables.jobs.get(user, a_job().id) == a_job()


def test_a_job_that_never_was_or_is_anothers_is_not_claimed(
    tables: Tables, user: str, somebody_else: str
) -> None:
    tables.commit(user, InsertJob(a_job()))

    assert tables.jobs.claim(user, a_ulid(9), 1, NOW, REQUEST) is None
    assert tables.jobs.claim(somebody_else, a_job().id, 1, NOW, REQUEST) is None
    assert tables.jobs.get(somebody_else, a_job().id) is None
    assert tables.jobs.get(user, a_ulid(9)) is None


@pytest.mark.parametrize("claimed", [False, True])
def test_a_rescued_job_waits_for_its_next_attempt(
    tables: Tables, user: str, *, claimed: bool
) -> None:
    tables.commit(user, InsertJob(a_job()))
    job = tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST) if claimed else a_job()
    assert job is not None
    rescued = moved(job, Move.RESCUE, NOW)

    assert tables.jobs.move(user, job, rescued)

    assert tables.jobs.get(user, a_job().id) == rescued == replace(a_job(), attempt=2)
    assert tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST) is None
    again = tables.jobs.claim(user, a_job().id, 2, NOW + timedelta(seconds=9), REQUEST)
    later = NOW + timedelta(seconds=9)
    assert again == moved(rescued, Move.CLAIM, later, claimed_by=REQUEST)


def test_a_job_that_has_moved_is_not_moved_from_where_it_was(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()))
    rescued = moved(a_job(), Move.RESCUE, NOW)
    running = tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST)

    assert not tables.jobs.move(user, a_job(), rescued)

    assert tables.jobs.get(user, a_job().id) == running


def test_a_job_is_moved_once(tables: Tables, user: str) -> None:
    tables.commit(user, InsertJob(a_job()))
    rescued = moved(a_job(), Move.RESCUE, NOW)

    assert [tables.jobs.move(user, a_job(), rescued) for _ in range(2)] == [True, False]


def test_a_job_that_never_was_is_not_moved(tables: Tables, user: str, somebody_else: str) -> None:
    tables.commit(somebody_else, InsertJob(a_job()))

    assert not tables.jobs.move(user, a_job(), moved(a_job(), Move.RESCUE, NOW))

    assert tables.jobs.get(user, a_job().id) is None


# --- Reports of waiting --------------------------------------------------------------------------


def test_as_many_reports_count_as_messages_were_sent(tables: Tables, user: str) -> None:
    for _ in range(2):
        tables.commit(user, CountMessage(DAY, 10))

    counted = [tables.reports.count_report(user, DAY) for _ in range(4)]

    assert counted == [True, True, False, False]
    assert tables.usage.used(user, DAY).messages == 2


def test_who_sent_nothing_reports_nothing(tables: Tables, user: str) -> None:
    assert not tables.reports.count_report(user, DAY)
    assert not tables.reports.count_report(user, DAY)
