"""Words in one's own chats: what is found, in which order, and how much is read for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.builders import a_message, a_ulid
from tests.support.bundle import Bundle
from tests.support.doubles import NOW, FixedClock
from tests.support.in_memory import InMemoryEventLog, InMemoryMessages
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


class Searching(Search):
    """Over chats in memory, in which something is said."""

    def __init__(self, alone: Bundle) -> None:
        self.rows, self.sayings = alone.tables.rows, CountedMessages(alone.tables)
        read = alone.chats, self.sayings, alone.rows, Attach(alone.rows)
        super().__init__(*read, alone.clock, alone.threads)

    def say(self, chat: str, *texts: str, title: str = "", user: str = USER) -> None:
        """Messages of a chat, oldest first; a later chat has changed later."""
        for number, text in enumerate(texts):
            message = replace(a_message(number), chat_id=chat, text=text)
            self.rows.messages[user, chat, message.id] = message
        at = NOW + timedelta(seconds=len(self.rows.chats))
        self.rows.chats[user, chat] = Chat(chat, title, NOW, at)

    def found(self, words: str) -> list[tuple[str, str | None]]:
        """Over all pages: the chats and the words of their messages."""
        hits: list[tuple[str, str | None]] = []
        cursor = None
        while True:
            page = self(USER, words, cursor)
            texts = [hit.message.text if hit.message else None for hit in page.hits]
            hits += zip([hit.chat.id for hit in page.hits], texts, strict=True)
            cursor = page.cursor
            if cursor is None:
                return hits


@pytest.fixture
def search(alone: Bundle) -> Searching:
    return Searching(alone)


def test_newest_chats_first_each_by_its_title_then_its_newest_messages(search: Searching) -> None:
    search.say("old", "a fox", "a boat", "foxes again")
    search.say("none", "a boat", title="Ships")
    search.say("new", "a red fox", title="Foxes")

    assert search.found("fox") == [
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
    search: Searching, words: str, texts: list[str]
) -> None:
    search.say("c", "Die Übung", "東京の猫", "CAFÉ", "CAFE\u0301")

    assert search.found(words) == [("c", text) for text in texts]


@pytest.mark.parametrize("words", ["", " ", "\u0301", "\t\n", "\u200b"])
def test_no_word_is_none_to_look_for(search: Searching, words: str) -> None:
    with pytest.raises(Invalid):
        search(USER, words, None)


def test_a_picture_is_found_by_what_it_was_painted_by(search: Searching) -> None:
    search.say("c", "")
    row = search.rows.messages[USER, "c", a_ulid(0)]
    search.rows.messages[USER, "c", a_ulid(0)] = replace(row, prompt="a vivid red fox")

    assert search.found("vivid") == [("c", "")]


def test_nobody_finds_anything_of_somebody_else(search: Searching) -> None:
    search.say("c", "a fox", title="a fox", user="bob")

    assert search.found("fox") == []


def test_somebody_elses_place_leads_to_nothing_of_theirs(search: Searching) -> None:
    search.say("theirs", *["a fox"] * (MOST_HITS + 1), user="bob")
    search.say("mine", "a fox")
    place = search("bob", "fox", None).cursor
    assert place is not None

    page = search(USER, "fox", place)

    assert {hit.chat.id for hit in page.hits} <= {"mine"}


def test_the_oddest_words_take_no_more_than_a_page_may(search: Searching) -> None:
    """One sign that stands for eighteen, and marks that have to be put in order, by thousands."""
    search.say("c", "\ufdfa" * 8_000, "a" + "\u0316\u0301" * 4_000, "a fox")

    assert search.found("fox " * 50) == [("c", "a fox")]
    assert search.found("\ufdfa" * 200)[0][0] == "c"


def test_what_is_deleted_is_not_found(search: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a chat with a mark, nor a message that went while it was looked for."""
    search.say("going", "a fox", title="a fox")
    search.say("c", "a fox", "another fox")
    search.rows.deleting.add((USER, "going"))
    kept = InMemoryEventLog.messages

    def gone(self: InMemoryEventLog, user_id: str, keys: list[tuple[str, str]]) -> list[object]:
        search.rows.messages.pop((USER, "c", a_ulid(0)), None)
        return list(kept(self, user_id, keys))

    monkeypatch.setattr(InMemoryEventLog, "messages", gone)

    assert search.found("fox") == [("c", "another fox")]


def test_a_page_ends_with_so_many_results_and_the_next_goes_on_behind_them(
    search: Searching,
) -> None:
    texts = [f"fox {number}" for number in range(130)]
    search.say("long", *texts[:120])
    search.say("short", *texts[120:])

    first = search(USER, "fox", None)

    assert len(first.hits) == MOST_HITS
    order = [("short", text) for text in texts[:119:-1]] + [
        ("long", text) for text in texts[119::-1]
    ]
    assert search.found("fox") == order


def test_a_page_reads_at_most_a_thousand_rows_and_may_have_found_nothing(search: Searching) -> None:
    for number in range(30):
        search.say(f"chat-{number:02d}", *["a boat"] * 60)
    search.say("chat-00", "a fox")  # the oldest, and once more the newest by time
    cursor, pages = None, 0
    while True:
        before = search.sayings.rows_read
        page = search(USER, "fox", cursor)
        pages += 1
        assert search.sayings.rows_read - before + 30 <= 1_000
        if page.cursor is None:
            break
        cursor = page.cursor

    assert pages > 2


def test_a_page_ends_when_its_time_is_over(search: Searching) -> None:
    for number in range(20):
        search.say(f"chat-{number:02d}", "a fox")
    search.sayings.meanwhile = timedelta(seconds=0.4)

    first = search(USER, "fox", None)

    assert 0 < len(first.hits) < 20
    assert first.cursor is not None
    search.sayings.meanwhile = timedelta(0)
    assert len(first.hits) + len(search(USER, "fox", first.cursor).hits) == 20


def test_a_chat_that_went_between_two_pages_is_passed_over(search: Searching) -> None:
    search.say("old", "a fox")
    search.say("new", *["a fox"] * 60)
    cursor = search(USER, "fox", None).cursor
    search.rows.deleting.add((USER, "new"))

    page = search(USER, "fox", cursor)

    assert [hit.chat.id for hit in page.hits] == ["old"]


AT = "2026-11-20T10:02:00.000Z"


@pytest.mark.parametrize(
    "cursor",
    ["", "~~", AT, f"{AT}~c", f"{AT}~c~", f"{AT}~c~x", f"{AT}~a#b~{'0' * 26}",
     f"x~c~{'0' * 26}", f"{AT}~c~{'8' * 26}", f"{AT}~c~{'0' * 26}~"],
)  # fmt: skip
def test_a_malformed_cursor_is_refused(search: Searching, cursor: str) -> None:
    with pytest.raises(Invalid):
        search(USER, "fox", cursor)
