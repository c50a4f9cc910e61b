"""Words in one's own chats: what is found, in which order, and how much is read for it."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.builders import a_message, a_ulid
from tests.support.doubles import NOW, FixedClock
from tests.support.in_memory import (
    InMemoryChats,
    InMemoryEventLog,
    InMemoryMessages,
    InMemoryTables,
)
from tests.unit.conftest import USER

from afterimage.domain.chats import Chat
from afterimage.domain.errors import Invalid
from afterimage.ports.chats import Saying
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.search import MOST_HITS, Search


class CountedMessages(InMemoryMessages):
    """Counts the rows that were read."""

    rows_read = 0
    meanwhile: timedelta = timedelta(0)

    def sayings(self, user_id: str, chat_id: str, before: str | None, limit: int) -> list[Saying]:
        found = super().sayings(user_id, chat_id, before, limit)
        self.rows_read += len(found)
        clock = self._tables.clock
        assert isinstance(clock, FixedClock)
        clock.advance(seconds=self.meanwhile.total_seconds())
        return found


@pytest.fixture
def sayings(tables: InMemoryTables) -> CountedMessages:
    return CountedMessages(tables)


@pytest.fixture
def search(
    tables: InMemoryTables, sayings: CountedMessages, clock: FixedClock, threads: Executor
) -> Search:
    log = InMemoryEventLog(tables)
    return Search(InMemoryChats(tables), sayings, log, Attach(log), clock, threads)


def say(tables: InMemoryTables, chat: str, *texts: str, title: str = "", user: str = USER) -> None:
    """Messages of a chat, oldest first; a later chat has changed later."""
    for number, text in enumerate(texts):
        message = replace(a_message(number), chat_id=chat, text=text)
        tables.rows.messages[user, chat, message.id] = message
    at = NOW + timedelta(seconds=len(tables.rows.chats))
    tables.rows.chats[user, chat] = Chat(chat, title, NOW, at)


def found(search: Search, words: str) -> list[tuple[str, str | None]]:
    """Over all pages: the chats and the numbers of their messages."""
    hits: list[tuple[str, str | None]] = []
    cursor = None
    while True:
        page = search(USER, words, cursor)
        texts = [hit.message.text if hit.message else None for hit in page.hits]
        hits += zip([hit.chat.id for hit in page.hits], texts, strict=True)
        cursor = page.cursor
        if cursor is None:
            return hits


def test_newest_chats_first_each_by_its_title_then_its_newest_messages(
    tables: InMemoryTables, search: Search
) -> None:
    say(tables, "old", "a fox", "a boat", "foxes again")
    say(tables, "none", "a boat", title="Ships")
    say(tables, "new", "a red fox", title="Foxes")

    assert found(search, "fox") == [
        ("new", None),
        ("new", "a red fox"),
        ("old", "foxes again"),
        ("old", "a fox"),
    ]


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ("DIE  ung", ["Die Übung"]),
        ("cafe", ["CAFE\u0301", "CAFÉ"]),
        ("猫 cafe", []),
    ],
)
def test_words_are_found_however_they_are_written(
    tables: InMemoryTables, search: Search, words: str, texts: list[str]
) -> None:
    say(tables, "c", "Die Übung", "東京の猫", "CAFÉ", "CAFE\u0301")

    assert found(search, words) == [("c", text) for text in texts]


@pytest.mark.parametrize("words", ["", " ", "\u0301", "\t\n", "\u200b"])
def test_no_word_is_none_to_look_for(search: Search, words: str) -> None:
    with pytest.raises(Invalid):
        search(USER, words, None)


def test_a_picture_is_found_by_what_it_was_painted_by(
    tables: InMemoryTables, search: Search
) -> None:
    say(tables, "c", "")
    row = tables.rows.messages[USER, "c", a_ulid(0)]
    tables.rows.messages[USER, "c", a_ulid(0)] = replace(row, prompt="a vivid red fox")

    assert found(search, "vivid") == [("c", "")]


def test_nobody_finds_anything_of_somebody_else(tables: InMemoryTables, search: Search) -> None:
    say(tables, "c", "a fox", title="a fox", user="bob")

    assert found(search, "fox") == []


def test_somebody_elses_place_leads_to_nothing_of_theirs(
    tables: InMemoryTables, search: Search
) -> None:
    say(tables, "theirs", *["a fox"] * (MOST_HITS + 1), user="bob")
    say(tables, "mine", "a fox")
    place = search("bob", "fox", None).cursor
    assert place is not None

    page = search(USER, "fox", place)

    assert {hit.chat.id for hit in page.hits} <= {"mine"}


def test_the_oddest_words_take_no_more_than_a_page_may(
    tables: InMemoryTables, search: Search
) -> None:
    """One sign that stands for eighteen, and marks that have to be put in order, by thousands."""
    say(tables, "c", "\ufdfa" * 8_000, "a" + "\u0316\u0301" * 4_000, "a fox")

    assert found(search, "fox " * 50) == [("c", "a fox")]
    assert found(search, "\ufdfa" * 200)[0][0] == "c"


def test_what_is_deleted_is_not_found(
    tables: InMemoryTables, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a chat with a mark, nor a message that went while it was looked for."""
    say(tables, "going", "a fox", title="a fox")
    say(tables, "c", "a fox", "another fox")
    tables.rows.deleting.add((USER, "going"))
    kept = InMemoryEventLog.messages

    def gone(self: InMemoryEventLog, user_id: str, keys: list[tuple[str, str]]) -> list[object]:
        tables.rows.messages.pop((USER, "c", a_ulid(0)), None)
        return list(kept(self, user_id, keys))

    monkeypatch.setattr(InMemoryEventLog, "messages", gone)

    assert found(search, "fox") == [("c", "another fox")]


def test_a_page_ends_with_so_many_results_and_the_next_goes_on_behind_them(
    tables: InMemoryTables, search: Search
) -> None:
    texts = [f"fox {number}" for number in range(130)]
    say(tables, "long", *texts[:120])
    say(tables, "short", *texts[120:])

    first = search(USER, "fox", None)

    assert len(first.hits) == MOST_HITS
    order = [("short", text) for text in texts[:119:-1]] + [
        ("long", text) for text in texts[119::-1]
    ]
    assert found(search, "fox") == order


def test_a_page_reads_at_most_a_thousand_rows_and_may_have_found_nothing(
    tables: InMemoryTables, search: Search, sayings: CountedMessages
) -> None:
    for number in range(30):
        say(tables, f"chat-{number:02d}", *["a boat"] * 60)
    say(tables, "chat-00", "a fox")  # the oldest, and once more the newest by time
    cursor, pages = None, 0
    while True:
        before = sayings.rows_read
        page = search(USER, "fox", cursor)
        pages += 1
        assert sayings.rows_read - before + 30 <= 1_000
        if page.cursor is None:
            break
        cursor = page.cursor

    assert pages > 2


def test_a_page_ends_when_its_time_is_over(
    tables: InMemoryTables, search: Search, sayings: CountedMessages
) -> None:
    for number in range(20):
        say(tables, f"chat-{number:02d}", "a fox")
    sayings.meanwhile = timedelta(seconds=0.4)

    first = search(USER, "fox", None)

    assert 0 < len(first.hits) < 20
    assert first.cursor is not None
    sayings.meanwhile = timedelta(0)
    assert len(first.hits) + len(search(USER, "fox", first.cursor).hits) == 20


def test_a_chat_that_went_between_two_pages_is_passed_over(
    tables: InMemoryTables, search: Search
) -> None:
    say(tables, "old", "a fox")
    say(tables, "new", *["a fox"] * 60)
    cursor = search(USER, "fox", None).cursor
    tables.rows.deleting.add((USER, "new"))

    page = search(USER, "fox", cursor)

    assert [hit.chat.id for hit in page.hits] == ["old"]


AT = "2026-11-20T10:02:00.000Z"


@pytest.mark.parametrize(
    "cursor",
    ["", "~~", AT, f"{AT}~c", f"{AT}~c~", f"{AT}~c~x", f"{AT}~a#b~{'0' * 26}",
     f"x~c~{'0' * 26}", f"{AT}~c~{'8' * 26}", f"{AT}~c~{'0' * 26}~"],
)  # fmt: skip
def test_a_malformed_cursor_is_refused(search: Search, cursor: str) -> None:
    with pytest.raises(Invalid):
        search(USER, "fox", cursor)
