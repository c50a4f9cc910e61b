"""`EventLog` and `RowReader`: references in order, and the rows they lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contracts.conftest import Tables
from tests.support.builders import CHAT, a_message, an_image
from tests.support.doubles import NOW

from afterimage.domain.changes import (
    InsertImage,
    InsertMessage,
    TouchChat,
    Transition,
)
from afterimage.domain.chats import Chat
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    EventReference,
    ImageDeleted,
    ImageInserted,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.ports.events import RowReader

HOURS_72 = timedelta(hours=72)


def log(tables: Tables, user: str, *events: Event, hours_ago: float = 0) -> None:
    at = NOW - timedelta(hours=hours_ago)
    tables.store.commit(tables.store.read(user), Transition((), events), at)


def seqs(tables: Tables, user: str, after: int, limit: int = 200) -> list[int]:
    return [reference.seq for reference in tables.events.after(user, after, limit, NOW)]


def test_every_event_is_kept_as_a_reference(tables: Tables, user: str) -> None:
    message, image = a_message(), an_image()
    chat = Chat(CHAT, "title", NOW, NOW)

    inserted = MessageInserted(message), MessageUpdated(message), ImageInserted(image)
    log(tables, user, *inserted, hours_ago=1)
    deleted = MessageDeleted(CHAT, message.id), ImageDeleted(image.id)
    log(tables, user, ChatUpdated(chat), *deleted, hours_ago=1)
    log(tables, user, ChatDeleted(CHAT), hours_ago=1)

    assert tables.events.after(user, 0, 200, NOW) == [
        EventReference(1, "message-insert", CHAT, message.id),
        EventReference(2, "message-update", CHAT, message.id),
        EventReference(3, "image-insert", image_id=image.id),
        EventReference(4, "chat-update", CHAT),
        EventReference(5, "message-delete", CHAT, message.id),
        EventReference(6, "image-delete", image_id=image.id),
        EventReference(7, "chat-delete", CHAT),
    ]


def test_only_what_follows_comes_and_no_more_than_asked(tables: Tables, user: str) -> None:
    for _ in range(4):
        log(tables, user, *(MessageInserted(a_message(n)) for n in range(3)))

    assert seqs(tables, user, after=9) == [10, 11, 12]
    assert seqs(tables, user, after=8, limit=2) == [9, 10]
    assert seqs(tables, user, after=12) == []


def test_numbers_are_ordered_as_numbers(tables: Tables, user: str) -> None:
    for number in range(12):
        log(tables, user, MessageInserted(a_message(number)))

    assert seqs(tables, user, after=0) == list(range(1, 13))


def latest(tables: Tables, user: str, limit: int) -> list[int]:
    return [reference.seq for reference in tables.events.latest(user, limit, NOW)]


def test_the_latest_come_newest_first_and_no_more_than_asked(tables: Tables, user: str) -> None:
    for _ in range(4):
        log(tables, user, *(MessageInserted(a_message(n)) for n in range(3)))

    assert latest(tables, user, 3) == [12, 11, 10]
    assert latest(tables, user, 200) == list(range(12, 0, -1))


def test_the_latest_of_nobody_are_none(tables: Tables, user: str) -> None:
    assert latest(tables, user, 10) == []


def test_the_latest_say_what_they_were_about(tables: Tables, user: str) -> None:
    log(tables, user, MessageInserted(a_message()), hours_ago=72)
    log(tables, user, ImageInserted(an_image()), hours_ago=1)

    assert tables.events.latest(user, 10, NOW) == [
        EventReference(2, "image-insert", image_id=an_image().id),
        EventReference(1, "message-insert", CHAT, a_message().id, expired=True),
    ]


def test_events_of_others_are_not_seen(tables: Tables, user: str, somebody_else: str) -> None:
    log(tables, user, MessageInserted(a_message()))

    assert seqs(tables, somebody_else, after=0) == []
    assert latest(tables, somebody_else, 10) == []


def test_events_expire_after_72_hours(tables: Tables, user: str) -> None:
    log(tables, user, MessageInserted(a_message(1)), hours_ago=72)
    log(tables, user, MessageInserted(a_message(2)), hours_ago=71.99)

    expired = [reference.expired for reference in tables.events.after(user, 0, 200, NOW)]

    assert expired == [True, False]


def test_a_removed_event_leaves_a_hole(tables: Tables, user: str) -> None:
    log(tables, user, *(MessageInserted(a_message(n)) for n in range(4)))

    tables.delete_event(user, 2)

    assert seqs(tables, user, after=0) == [1, 3, 4]


@pytest.fixture(params=["plain", "settled"])
def rows(tables: Tables, request: pytest.FixtureRequest) -> RowReader:
    """Of either kind: they differ only while a transaction settles."""
    return tables.rows if request.param == "plain" else tables.settled_rows


def test_a_settled_read_tells_the_counter_and_what_there_is_of_the_events(
    tables: Tables, user: str, somebody_else: str
) -> None:
    log(tables, user, *(MessageInserted(a_message(n)) for n in range(12)), hours_ago=1)
    log(tables, somebody_else, MessageInserted(a_message(30)))
    tables.delete_event(user, 3)

    seq, found = tables.events.settled(user, range(2, 15), NOW)

    assert seq == 12
    assert found == tables.events.after(user, 1, 200, NOW)
    assert tables.events.settled(user, [], NOW) == (12, [])
    assert tables.events.settled(f"nobody-{user}", [1], NOW) == (0, [])


def test_an_event_is_recent_for_ten_seconds(tables: Tables, user: str) -> None:
    log(tables, user, MessageInserted(a_message(1)), hours_ago=11 / 3600)
    log(tables, user, MessageInserted(a_message(2)), hours_ago=9 / 3600)

    recent = [reference.recent for reference in tables.events.after(user, 0, 200, NOW)]

    assert recent == [False, True]


def test_rows_are_found_by_reference_and_missing_ones_left_out(
    tables: Tables, rows: RowReader, user: str
) -> None:
    messages = [a_message(n) for n in range(3)]
    images = [an_image(n) for n in range(3)]
    touch = TouchChat(CHAT, "title", NOW)
    tables.commit(user, *map(InsertMessage, messages), *map(InsertImage, images), touch)
    tables.delete_message(user, CHAT, messages[1].id)
    tables.delete_image(user, images[1].id)

    found_messages = rows.messages(user, [(CHAT, message.id) for message in messages])
    found_images = rows.images(user, [image.id for image in images])
    found_chats = rows.chats(user, ["no-such-chat", CHAT])

    assert sorted(row.id for row in found_messages) == [messages[0].id, messages[2].id]
    assert sorted(row.id for row in found_images) == [images[0].id, images[2].id]
    assert list(found_chats) == [Chat(CHAT, "title", NOW, NOW)]
    turned = [image.id for image in reversed(images)]
    assert [row.id for row in rows.images(user, turned)] == [images[2].id, images[0].id]


def test_no_references_no_rows(tables: Tables, rows: RowReader, user: str) -> None:
    assert list(rows.messages(user, [])) == []
    assert list(rows.images(user, [])) == []
    assert list(rows.chats(user, [])) == []


def test_a_chat_being_deleted_is_missing_with_all_that_is_in_it(
    tables: Tables, rows: RowReader, user: str
) -> None:
    gone, kept = a_message(1), replace(a_message(2), chat_id="kept")
    image = an_image()
    chats = [TouchChat(chat, "title", NOW) for chat in (CHAT, "kept")]
    tables.commit(user, *chats, InsertMessage(gone), InsertMessage(kept), InsertImage(image))

    tables.delete_chat(user, CHAT)

    assert list(rows.chats(user, [CHAT])) == []
    assert list(rows.messages(user, [(CHAT, gone.id), ("kept", kept.id)])) == [kept]
    assert list(rows.images(user, [image.id])) == []


def test_a_whole_page_of_rows_is_found(tables: Tables, user: str) -> None:
    """200 rows of an event page are more than one batch."""
    messages = [replace(a_message(n), text="x" * 3_000) for n in range(200)]
    for start in range(0, 200, 50):
        tables.commit(user, *map(InsertMessage, messages[start : start + 50]))

    for rows in (tables.rows, tables.settled_rows):
        found = rows.messages(user, [(CHAT, message.id) for message in messages])

        assert sorted(row.id for row in found) == [message.id for message in messages]


def test_rows_of_others_are_missing(
    tables: Tables, rows: RowReader, user: str, somebody_else: str
) -> None:
    message, image = a_message(), an_image()
    tables.commit(user, InsertMessage(message), InsertImage(image), TouchChat(CHAT, "title", NOW))

    assert list(rows.messages(somebody_else, [(CHAT, message.id)])) == []
    assert list(rows.images(somebody_else, [image.id])) == []
    assert list(rows.chats(somebody_else, [CHAT])) == []
