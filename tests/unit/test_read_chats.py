"""Pages, cursors and search, as HTTP reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.doubles import NOW
from tests.support.in_memory import (
    InMemoryChats,
    InMemoryEventLog,
    InMemoryImages,
    InMemoryMessages,
    InMemoryTables,
)
from tests.unit.conftest import USER

from afterimage.domain.chats import Chat
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import Invalid, NotFound
from afterimage.domain.images import Origin
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.read_chats import ReadImages, ReadMessages

BAD_CURSORS = ["", "x", "01JD4A7Y00000000000000000", a_ulid().lower(), a_ulid() + "\n", "8" * 26]


@pytest.fixture
def messages(tables: InMemoryTables) -> ReadMessages:
    for number in range(9):
        tables.rows.messages[USER, CHAT, a_ulid(number)] = a_message(number)
    tables.rows.chats[USER, CHAT] = Chat(CHAT, "message 0", NOW, NOW)
    return ReadMessages(
        InMemoryMessages(tables), InMemoryChats(tables), Attach(InMemoryEventLog(tables))
    )


def texts(messages: ReadMessages, limit: int, around: int) -> tuple[list[str], str | None]:
    page = messages.page(USER, CHAT, limit, None, a_ulid(around))
    return [row.text.removeprefix("message ") for row in page.rows], page.cursor


def test_pages_of_messages_follow_each_other(messages: ReadMessages) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = messages.page(USER, CHAT, 4, cursor, None)
        seen += [row.id for row in page.rows]
        cursor = page.cursor

    assert cursor is None
    assert seen == [a_ulid(number) for number in range(8, -1, -1)]


def test_a_message_stands_in_the_middle(messages: ReadMessages) -> None:
    assert texts(messages, 5, around=4) == (list("65432"), a_ulid(2))


def test_near_an_end_the_page_stays_full_where_it_can(messages: ReadMessages) -> None:
    assert texts(messages, 5, around=8) == (list("87654"), a_ulid(4))
    assert texts(messages, 5, around=0) == (list("210"), None)
    assert texts(messages, 1, around=4) == (["4"], a_ulid(4))


def test_one_message_or_none(messages: ReadMessages) -> None:
    assert messages.one(USER, CHAT, a_ulid(3)) == a_message(3)
    for chat, id_ in ((CHAT, a_ulid(99)), ("other", a_ulid(3)), ("a#b", a_ulid(3)), (CHAT, "x")):
        with pytest.raises(NotFound):
            messages.one(USER, chat, id_)
    with pytest.raises(NotFound):
        messages.one("bob", CHAT, a_ulid(3))


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_a_malformed_cursor_of_messages_is_refused(messages: ReadMessages, cursor: str) -> None:
    with pytest.raises(Invalid):
        messages.page(USER, CHAT, 5, cursor, None)
    with pytest.raises(Invalid):
        messages.page(USER, CHAT, 5, None, cursor)


@pytest.mark.parametrize("chat", ["", "a#b", "x" * 65, "ü", "a\n"])
def test_a_malformed_chat_id_is_refused(messages: ReadMessages, chat: str) -> None:
    with pytest.raises(Invalid):
        messages.page(USER, chat, 5, None, None)


def gallery(tables: InMemoryTables, prompts: list[str]) -> ReadImages:
    for number, prompt in enumerate(prompts):
        tables.rows.images[USER, a_ulid(number)] = an_image(number, prompt=prompt)
    return ReadImages(InMemoryImages(tables), InMemoryChats(tables))


def test_pages_of_pictures_follow_each_other(tables: InMemoryTables) -> None:
    images = gallery(tables, ["a", "b", "c"])

    first = images.page(USER, 2, None, None)
    second = images.page(USER, 2, first.cursor, None)

    assert [image.prompt for image in [*first.rows, *second.rows]] == ["c", "b", "a"]
    assert second.cursor is None


@pytest.mark.parametrize("words", [None, "fox"])
def test_pictures_of_a_chat_that_is_being_deleted_are_left_out(
    tables: InMemoryTables, words: str | None
) -> None:
    images = gallery(tables, ["a fox", "another fox", "a third fox"])
    kept = replace(tables.rows.images[USER, a_ulid(1)], chat_id="kept")
    tables.rows.images[USER, a_ulid(1)] = kept
    deletion = Deletion.now(DeletionKind.CHAT, CHAT, NOW)
    tables.rows.deletions[USER, deletion.name] = deletion

    first = images.page(USER, 1, None, None)
    everything = images.page(USER, 5, None, words)

    assert (first.rows, first.cursor) == ([], a_ulid(2))
    assert everything.rows == [kept]


def test_messages_of_a_chat_that_is_being_deleted_are_not_there(
    messages: ReadMessages, tables: InMemoryTables
) -> None:
    tables.rows.deleting.add((USER, CHAT))

    assert messages.page(USER, CHAT, 5, None, None).rows == []
    assert messages.page(USER, CHAT, 5, None, a_ulid(4)).rows == []
    with pytest.raises(NotFound):
        messages.one(USER, CHAT, a_ulid(4))


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_a_malformed_cursor_of_pictures_is_refused(tables: InMemoryTables, cursor: str) -> None:
    with pytest.raises(Invalid):
        gallery(tables, []).page(USER, 5, cursor, None)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("fox", ["Two FOXES", "a red fox"]),
        ("  ", ["STRASSE bei Nacht", "Two FOXES", "a red fox"]),
        ("red badger", []),
    ],
)
def test_a_search_finds_prompts_with_all_the_words(
    tables: InMemoryTables, words: str, found: list[str]
) -> None:
    images = gallery(tables, ["a red fox", "Two FOXES", "STRASSE bei Nacht"])

    assert [image.prompt for image in images.page(USER, 50, None, words).rows] == found


def test_a_search_goes_on_where_a_page_ended(tables: InMemoryTables) -> None:
    images = gallery(tables, ["fox" if number % 60 == 0 else "cat" for number in range(300)])

    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = images.page(USER, 2, cursor, "fox")
        seen += [image.id for image in page.rows]
        cursor = page.cursor

    assert seen == [a_ulid(number) for number in (240, 180, 120, 60, 0)]
    assert cursor is None


def test_a_search_for_what_is_rare_gives_a_cursor_instead_of_reading_on(
    tables: InMemoryTables,
) -> None:
    images = gallery(tables, ["fox", *["cat"] * 1_500])

    first = images.page(USER, 50, None, "fox")
    second = images.page(USER, 50, first.cursor, "fox")

    assert (list(first.rows), first.cursor) == ([], a_ulid(501))
    assert [image.prompt for image in second.rows] == ["fox"]
    assert second.cursor is None


def test_the_gallery_of_one_origin(tables: InMemoryTables) -> None:
    for number in range(4):
        origin = Origin.UPLOAD if number % 2 else Origin.PAINTED
        tables.rows.images[USER, a_ulid(number)] = an_image(number, origin=origin)
    images = ReadImages(InMemoryImages(tables), InMemoryChats(tables))

    brought = images.page(USER, 50, None, None, Origin.UPLOAD)
    first = images.page(USER, 1, None, None, Origin.UPLOAD)
    painted = images.page(USER, 50, None, "fox", Origin.PAINTED)

    assert [image.id for image in brought.rows] == [a_ulid(3), a_ulid(1)]
    assert [image.id for image in first.rows] == [a_ulid(3)]
    rest = images.page(USER, 1, first.cursor, None, Origin.UPLOAD)
    assert [image.id for image in rest.rows] == [a_ulid(1)]
    assert [image.id for image in painted.rows] == [a_ulid(2), a_ulid(0)]
