"""Missed events: in order, without holes, each with its row as it is now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.doubles import NOW, FixedClock, PlainUrls, RecordingMetrics
from tests.support.in_memory import InMemoryEventLog, InMemoryTables
from tests.unit.conftest import USER

from afterimage.domain.changes import InsertImage, InsertMessage, ReplaceMessage, Transition
from afterimage.domain.entities import Chat
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    ImageDeleted,
    ImageInserted,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.use_cases.replay_events import Replay, ReplayEvents


@pytest.fixture
def replay(tables: InMemoryTables, clock: FixedClock, metrics: RecordingMetrics) -> ReplayEvents:
    log = InMemoryEventLog(tables)
    return ReplayEvents(log, log, PlainUrls(), clock, metrics)


def write(tables: InMemoryTables, *changes: Any, events: tuple[Event, ...]) -> None:
    tables.commit(tables.read(USER), Transition(changes, events), NOW)


def messages(tables: InMemoryTables, count: int) -> None:
    for number in range(count):
        message = a_message(number)
        write(tables, InsertMessage(message), events=(MessageInserted(message),))


def missed(replay: ReplayEvents, tables: InMemoryTables, after: int | None) -> Replay:
    return replay(tables.read(USER), after)


def seqs(result: Replay) -> list[int]:
    return [frame["seq"] for frame in result.frames]


def test_everything_after_comes_in_order(replay: ReplayEvents, tables: InMemoryTables) -> None:
    messages(tables, 12)

    result = missed(replay, tables, after=3)

    assert seqs(result) == list(range(4, 13))
    assert (result.seq, result.more, result.reset) == (12, False, False)


@pytest.mark.parametrize("after", [None, 3])
def test_who_is_level_gets_nothing(
    replay: ReplayEvents, tables: InMemoryTables, after: int | None
) -> None:
    messages(tables, 3)

    assert missed(replay, tables, after) == Replay((), 3)


def test_a_new_channel_is_level_at_zero(replay: ReplayEvents, tables: InMemoryTables) -> None:
    assert missed(replay, tables, 0) == Replay((), 0)
    assert missed(replay, tables, None) == Replay((), 0)


def test_who_is_ahead_reads_a_snapshot(replay: ReplayEvents, tables: InMemoryTables) -> None:
    messages(tables, 3)

    assert missed(replay, tables, 4) == Replay((), 3, reset=True)


def test_a_hole_right_behind_means_a_snapshot(replay: ReplayEvents, tables: InMemoryTables) -> None:
    messages(tables, 5)
    del tables.rows.events[USER, 3]

    assert missed(replay, tables, 2) == Replay((), 5, reset=True)


def test_a_hole_further_on_ends_the_run_there(replay: ReplayEvents, tables: InMemoryTables) -> None:
    messages(tables, 5)
    del tables.rows.events[USER, 4]

    result = missed(replay, tables, 1)

    assert seqs(result) == [2, 3]
    assert (result.seq, result.more, result.reset) == (3, True, False)
    assert missed(replay, tables, result.seq).reset


@pytest.mark.parametrize(("hours", "reset"), [(71.9, False), (72, True), (80, True)])
def test_what_is_older_than_72_hours_is_not_replayed(
    replay: ReplayEvents, tables: InMemoryTables, clock: FixedClock, hours: float, reset: bool
) -> None:
    messages(tables, 2)

    clock.advance(hours=hours)

    assert missed(replay, tables, 0).reset is reset


def test_a_page_has_two_hundred_events_and_says_that_there_are_more(
    replay: ReplayEvents, tables: InMemoryTables
) -> None:
    messages(tables, 250)

    first = missed(replay, tables, 0)
    second = missed(replay, tables, first.seq)

    assert (len(first.frames), first.seq, first.more) == (200, 200, True)
    assert (len(second.frames), second.seq, second.more) == (50, 250, False)


def test_exactly_one_page_is_all(replay: ReplayEvents, tables: InMemoryTables) -> None:
    messages(tables, 200)

    result = missed(replay, tables, 0)

    assert (result.seq, result.more) == (200, False)


def test_events_carry_their_row_as_it_is_now(replay: ReplayEvents, tables: InMemoryTables) -> None:
    first = a_message(1)
    second = replace(first, version=2, text="changed")
    write(tables, InsertMessage(first), events=(MessageInserted(first),))
    write(tables, ReplaceMessage(second, 1), events=(MessageUpdated(second),))

    frames: list[Any] = list(missed(replay, tables, 0).frames)

    assert [frame["event"] for frame in frames] == ["message-insert", "message-update"]
    assert [frame["payload"]["message"]["text"] for frame in frames] == ["changed", "changed"]


def test_rows_that_are_gone_come_as_their_deletion(
    replay: ReplayEvents, tables: InMemoryTables
) -> None:
    message, image = a_message(1), an_image(1)
    write(
        tables,
        InsertMessage(message),
        InsertImage(image),
        events=(
            MessageInserted(message),
            MessageUpdated(message),
            ImageInserted(image),
            ChatUpdated(Chat(CHAT, "title", NOW, NOW)),
        ),
    )
    tables.rows.messages.clear()
    tables.rows.images.clear()

    frames: list[Any] = list(missed(replay, tables, 0).frames)

    assert [(frame["event"], frame["seq"], frame["payload"]) for frame in frames] == [
        ("message-delete", 1, {"chat_id": CHAT, "message_ids": [message.id]}),
        ("message-delete", 2, {"chat_id": CHAT, "message_ids": [message.id]}),
        ("image-delete", 3, {"image_ids": [image.id]}),
        ("chat-delete", 4, {"chat_id": CHAT}),
    ]


def test_deletions_are_replayed_as_deletions(replay: ReplayEvents, tables: InMemoryTables) -> None:
    write(tables, events=(MessageDeleted(CHAT, a_ulid(1)), ImageDeleted(a_ulid(2))))
    write(tables, events=(ChatDeleted(CHAT),))

    frames = missed(replay, tables, 0).frames

    assert [frame["event"] for frame in frames] == ["message-delete", "image-delete", "chat-delete"]


def test_a_chat_that_was_deleted_and_began_again_is_shown(
    replay: ReplayEvents, tables: InMemoryTables
) -> None:
    tables.rows.chats[USER, CHAT] = Chat(CHAT, "again", NOW, NOW)
    write(tables, events=(ChatUpdated(tables.rows.chats[USER, CHAT]),))

    frames: list[Any] = list(missed(replay, tables, 0).frames)

    assert frames[0]["payload"]["chat"]["title"] == "again"


def test_the_deletion_of_a_chat_is_told_also_where_a_new_one_has_its_id(
    replay: ReplayEvents, tables: InMemoryTables
) -> None:
    """Else a client would keep the messages of the old one."""
    tables.rows.chats[USER, CHAT] = Chat(CHAT, "again", NOW, NOW)
    write(tables, events=(ChatDeleted(CHAT),))
    write(tables, events=(ChatUpdated(tables.rows.chats[USER, CHAT]),))

    frames = missed(replay, tables, 0).frames

    assert [frame["event"] for frame in frames] == ["chat-delete", "chat-update"]


def test_an_event_that_came_after_the_read_is_sent_as_well(
    replay: ReplayEvents, tables: InMemoryTables
) -> None:
    messages(tables, 2)
    read_before = tables.read(USER)
    other = a_message(9)
    write(tables, InsertMessage(other), events=(MessageInserted(other),))

    result = replay(read_before, 0)

    assert seqs(result) == [1, 2, 3]
    assert (result.seq, result.more) == (3, False)


def test_times_of_expiry_follow_the_event_not_the_read(
    replay: ReplayEvents, tables: InMemoryTables, clock: FixedClock
) -> None:
    messages(tables, 1)
    clock.advance(hours=71)
    late = a_message(9)
    tables.commit(
        tables.read(USER),
        Transition((InsertMessage(late),), (MessageInserted(late),)),
        NOW + timedelta(hours=71),
    )
    clock.advance(hours=2)

    assert missed(replay, tables, 0).reset
    assert seqs(missed(replay, tables, 1)) == [2]
