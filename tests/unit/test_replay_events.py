"""Missed events: in order, without holes, each with its row as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest
from tests.support.builders import CHAT, a_message, a_ulid, an_image
from tests.support.bundle import Bundle
from tests.support.doubles import NOW, FixedClock, PlainUrls, RecordingMetrics
from tests.support.in_memory import InMemoryEventLog, InMemoryTables
from tests.unit.conftest import USER

from afterimage.domain.changes import (
    InsertImage,
    InsertMessage,
    ReplaceMessage,
    SetShare,
    TouchChat,
    Transition,
)
from afterimage.domain.chats import Chat
from afterimage.domain.errors import Busy
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    EventReference,
    ImageDeleted,
    ImageInserted,
    ImageUpdated,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.shares import Share
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.replay_events import Replay, ReplayEvents


def write(tables: InMemoryTables, *changes: Any, events: tuple[Event, ...]) -> None:
    tables.commit(tables.read(USER), Transition(changes, events), NOW)


def missed(alone: Bundle, after: int | None) -> Replay:
    return alone.replay(alone.tables.read(USER), after)


class LateLog(InMemoryEventLog):
    """Sees less than there is, but for the read that sees whole transactions."""

    def __init__(self, seen: InMemoryTables, truth: InMemoryTables) -> None:
        super().__init__(seen)
        self._truth = InMemoryEventLog(truth)

    def settled(
        self, user_id: str, numbers: Sequence[int], now: datetime
    ) -> tuple[int, list[EventReference]]:
        return self._truth.settled(user_id, numbers, now)


class TurnedAwayLog(InMemoryEventLog):
    """Reads that see whole transactions are turned away: some are under way."""

    def settled(self, *_: object) -> NoReturn:
        raise Busy

    def messages(self, user_id: str, keys: Sequence[tuple[str, str]]) -> list[Message]:
        if keys:
            raise Busy(user_id)
        return []


@dataclass
class Late:
    """Replays from tables in which a transaction is seen in part.

    Attributes:
        seen: what plain reads see.
    """

    tables: InMemoryTables
    clock: FixedClock
    metrics: RecordingMetrics
    seen: InMemoryTables = field(default_factory=InMemoryTables)

    @contextmanager
    def unseen(self, *kinds: str) -> Iterator[None]:
        """Of what is written meanwhile, rows of these kinds are not seen."""
        before = deepcopy(self.tables.rows)
        yield
        unseen = {kind: getattr(before, kind) for kind in kinds}
        self.seen.rows = replace(deepcopy(self.tables.rows), **unseen)

    def __call__(self, after: int | None) -> Replay:
        return self._replay(LateLog(self.seen, self.tables), InMemoryEventLog(self.tables), after)

    def turned_away(self, after: int | None) -> Replay:
        settled = TurnedAwayLog(self.seen)
        return self._replay(settled, settled, after)

    def _replay(
        self, log: InMemoryEventLog, settled: InMemoryEventLog, after: int | None
    ) -> Replay:
        current = CurrentEvents(InMemoryEventLog(self.seen), settled)
        replay = ReplayEvents(log, current, PlainUrls(), self.clock, self.metrics)
        return replay(self.seen.read(USER), after)


@pytest.fixture
def late(alone: Bundle) -> Late:
    return Late(alone.tables, alone.clock, alone.metrics)


def names(result: Replay) -> list[str]:
    return [frame["event"] for frame in result.frames]


def seqs(result: Replay) -> list[int]:
    return [frame["seq"] for frame in result.frames]


def test_everything_after_comes_in_order(alone: Bundle) -> None:
    alone.fill(12)

    result = missed(alone, after=3)

    assert seqs(result) == list(range(4, 13))
    assert (result.seq, result.more, result.reset) == (12, False, False)


@pytest.mark.parametrize("after", [None, 3])
def test_who_is_level_gets_nothing(alone: Bundle, after: int | None) -> None:
    alone.fill(3)

    assert missed(alone, after) == Replay((), 3)


def test_a_new_channel_is_level_at_zero(alone: Bundle) -> None:
    assert missed(alone, 0) == Replay((), 0)
    assert missed(alone, None) == Replay((), 0)


def test_who_is_ahead_reads_a_snapshot(alone: Bundle) -> None:
    alone.fill(3)

    assert missed(alone, 4) == Replay((), 3, reset=True)


def test_a_hole_right_behind_means_a_snapshot(alone: Bundle) -> None:
    alone.fill(5)
    del alone.tables.rows.events[USER, 3]

    assert missed(alone, 2) == Replay((), 5, reset=True)


def test_a_hole_further_on_ends_the_run_there(alone: Bundle) -> None:
    alone.fill(5)
    del alone.tables.rows.events[USER, 4]

    result = missed(alone, 1)

    assert seqs(result) == [2, 3]
    assert (result.seq, result.more, result.reset) == (3, True, False)
    assert missed(alone, result.seq).reset


@pytest.mark.parametrize(("hours", "reset"), [(71.9, False), (72, True), (80, True)])
def test_what_is_older_than_72_hours_is_not_replayed(
    alone: Bundle, hours: float, reset: bool
) -> None:
    alone.fill(2)

    alone.clock.advance(hours=hours)

    assert missed(alone, 0).reset is reset


def test_a_page_has_two_hundred_events_and_says_that_there_are_more(alone: Bundle) -> None:
    alone.fill(250)

    first = missed(alone, 0)
    second = missed(alone, first.seq)

    assert (len(first.frames), first.seq, first.more) == (200, 200, True)
    assert (len(second.frames), second.seq, second.more) == (50, 250, False)


def test_exactly_one_page_is_all(alone: Bundle) -> None:
    alone.fill(200)

    result = missed(alone, 0)

    assert (result.seq, result.more) == (200, False)


def test_events_carry_their_row_as_it_is_now(alone: Bundle) -> None:
    first = a_message(1)
    second = replace(first, version=2, text="changed")
    write(alone.tables, InsertMessage(first), events=(MessageInserted(first),))
    write(alone.tables, ReplaceMessage(second, 1), events=(MessageUpdated(second),))

    frames: list[Any] = list(missed(alone, 0).frames)

    assert [frame["event"] for frame in frames] == ["message-insert", "message-update"]
    assert [frame["payload"]["message"]["text"] for frame in frames] == ["changed", "changed"]


def test_a_picture_that_was_shared_meanwhile_comes_as_it_is_now(alone: Bundle) -> None:
    image, share = an_image(1), Share(1, NOW + timedelta(days=7), with_prompt=False)
    write(alone.tables, InsertImage(image), events=(ImageInserted(image),))
    write(alone.tables, SetShare(image.id, None, share), events=(ImageUpdated(image),))

    frames: list[Any] = list(missed(alone, 0).frames)

    assert [frame["event"] for frame in frames] == ["image-insert", "image-update"]
    assert all(frame["payload"]["image"]["shared_until"] for frame in frames)


def test_rows_that_are_gone_come_as_their_deletion(alone: Bundle) -> None:
    message, image = a_message(1), an_image(1)
    write(
        alone.tables,
        InsertMessage(message),
        InsertImage(image),
        events=(
            MessageInserted(message),
            MessageUpdated(message),
            ImageInserted(image),
            ChatUpdated(Chat(CHAT, "title", NOW, NOW)),
        ),
    )
    alone.tables.rows.messages.clear()
    alone.tables.rows.images.clear()

    frames: list[Any] = list(missed(alone, 0).frames)

    assert [(frame["event"], frame["seq"], frame["payload"]) for frame in frames] == [
        ("message-delete", 1, {"chat_id": CHAT, "message_ids": [message.id]}),
        ("message-delete", 2, {"chat_id": CHAT, "message_ids": [message.id]}),
        ("image-delete", 3, {"image_ids": [image.id]}),
        ("chat-delete", 4, {"chat_id": CHAT}),
    ]


def test_deletions_are_replayed_as_deletions(alone: Bundle) -> None:
    write(alone.tables, events=(MessageDeleted(CHAT, a_ulid(1)), ImageDeleted(a_ulid(2))))
    write(alone.tables, events=(ChatDeleted(CHAT),))

    frames = missed(alone, 0).frames

    assert [frame["event"] for frame in frames] == ["message-delete", "image-delete", "chat-delete"]


def test_the_deletion_of_a_chat_is_told_also_where_a_new_one_has_its_id(alone: Bundle) -> None:
    """Else a client would keep the messages of the old one."""
    alone.tables.rows.chats[USER, CHAT] = Chat(CHAT, "again", NOW, NOW)
    write(alone.tables, events=(ChatDeleted(CHAT),))
    write(alone.tables, events=(ChatUpdated(alone.tables.rows.chats[USER, CHAT]),))

    frames: list[Any] = list(missed(alone, 0).frames)

    assert [frame["event"] for frame in frames] == ["chat-delete", "chat-update"]
    assert frames[1]["payload"]["chat"]["title"] == "again"


def test_an_event_that_came_after_the_read_is_sent_as_well(alone: Bundle) -> None:
    alone.fill(2)
    read_before = alone.tables.read(USER)
    alone.fill(3, first=2)

    result = alone.replay(read_before, 0)

    assert seqs(result) == [1, 2, 3]
    assert (result.seq, result.more) == (3, False)


def test_times_of_expiry_follow_the_event_not_the_read(alone: Bundle) -> None:
    alone.fill(1)
    alone.clock.advance(hours=71)
    alone.fill(2, first=1)
    alone.clock.advance(hours=2)

    assert missed(alone, 0).reset
    assert seqs(missed(alone, 1)) == [2]


# --- What is seen in part ------------------------------------------------------------------------


def test_what_is_only_not_seen_yet_is_not_deleted(alone: Bundle, late: Late) -> None:
    message, image = a_message(1), an_image(1)
    with late.unseen("messages", "images", "chats"):
        events = (MessageInserted(message), MessageUpdated(message), ImageInserted(image))
        touch = TouchChat(CHAT, "title", NOW)
        write(alone.tables, InsertMessage(message), InsertImage(image), touch, events=events)
        write(alone.tables, events=(ChatUpdated(alone.tables.rows.chats[USER, CHAT]),))

    result = late(0)

    assert names(result) == ["message-insert", "message-update", "image-insert", "chat-update"]
    assert (result.seq, result.more) == (4, False)


def test_no_row_is_told_older_than_its_event(alone: Bundle, late: Late) -> None:
    """The live frame of the same number would be dropped."""
    first = a_message(1)
    second = replace(first, version=2, text="changed")
    write(alone.tables, InsertMessage(first), events=(MessageInserted(first),))
    with late.unseen("messages"):
        write(alone.tables, ReplaceMessage(second, 1), events=(MessageUpdated(second),))

    (frame,) = late(1).frames

    assert frame["event"] == "message-update"
    assert frame["payload"]["message"]["text"] == "changed"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (MessageDeleted(CHAT, a_message(1).id), "message-delete"),
        (ImageDeleted(an_image(1).id), "image-delete"),
        (ChatDeleted(CHAT), "chat-delete"),
    ],
)
@pytest.mark.parametrize("seconds", [0, 60])
def test_a_deletion_is_told_although_its_row_is_still_seen(
    alone: Bundle, late: Late, event: Event, told: str, seconds: float
) -> None:
    changes = InsertMessage(a_message(1)), InsertImage(an_image(1)), TouchChat(CHAT, "title", NOW)
    write(alone.tables, *changes, events=())
    with late.unseen("messages", "images", "chats"):
        write(alone.tables, events=(event,))
    alone.clock.advance(seconds=seconds)

    assert names(late(0)) == [told]


def test_events_that_are_not_seen_yet_are_no_hole(alone: Bundle, late: Late) -> None:
    alone.fill(2)
    with late.unseen("events"):
        alone.fill(4, first=2)

    assert seqs(late(2)) == [3, 4]
    assert seqs(late(0)) == [1, 2, 3, 4]
    assert alone.metrics.total(Metric.RESETS) == 0


def test_who_is_ahead_of_a_counter_that_is_seen_late_is_level(alone: Bundle, late: Late) -> None:
    """They had the live frame of what is being applied."""
    alone.fill(2)
    with late.unseen("counters"):
        alone.fill(4, first=2)

    assert late(4) == Replay((), 4)
    assert seqs(late(3)) == [4]
    assert late(5).reset


def test_nobody_is_level_with_a_counter_that_is_seen_late(alone: Bundle, late: Late) -> None:
    """What it hides may have been posted before they were registered."""
    alone.fill(2)
    with late.unseen("counters", "events", "messages"):
        alone.fill(4, first=2)

    assert seqs(late(2)) == [3, 4]
    assert late.turned_away(2) == Replay((), 2)


def test_what_cannot_be_made_sure_of_ends_the_run(alone: Bundle, late: Late) -> None:
    alone.fill(2)
    alone.clock.advance(seconds=11)
    with late.unseen("messages"):
        alone.fill(4, first=2)

    begun = late.turned_away(0)
    going_on = late.turned_away(begun.seq)

    assert seqs(begun) == [1, 2]
    assert (begun.seq, begun.more, begun.reset) == (2, True, False)
    assert going_on == Replay((), 2, more=True)


@pytest.mark.parametrize(("after", "seq"), [(0, 2), (2, 2), (9, 9)])
def test_a_hole_that_cannot_be_made_sure_of_is_no_reset(
    alone: Bundle, late: Late, after: int, seq: int
) -> None:
    alone.fill(2)
    alone.clock.advance(seconds=11)
    with late.unseen("events"):
        alone.fill(4, first=2)

    result = late.turned_away(after)

    assert (result.seq, result.more, result.reset) == (seq, True, False)
    assert alone.metrics.total(Metric.RESETS) == 0


def test_what_is_gone_without_a_word_stops_nobody(alone: Bundle, late: Late) -> None:
    """Ten seconds later nothing has to be made sure of any more."""
    alone.fill(2)
    with late.unseen():
        alone.tables.rows.messages.clear()

    assert late.turned_away(0) == Replay((), 0, more=True)
    alone.clock.advance(seconds=10)

    result = late.turned_away(0)

    assert names(result) == ["message-delete", "message-delete"]
    assert (result.seq, result.more) == (2, False)


def test_what_says_nothing_yet_is_not_posted_again(alone: Bundle) -> None:
    alone.fill(1)
    alone.clock.advance(seconds=11)
    alone.fill(3, first=1)
    log = InMemoryEventLog(alone.tables)
    current = CurrentEvents(log, TurnedAwayLog(alone.tables))
    replay = ReplayEvents(log, current, PlainUrls(), alone.clock, RecordingMetrics())

    frames = replay.frames(USER, log.after(USER, 0, 200, alone.clock.now()))

    assert [frame["seq"] for frame in frames] == [1]


# --- Where a snapshot begins ---------------------------------------------------------------------


def test_a_snapshot_begins_where_every_row_is_seen(alone: Bundle, late: Late) -> None:
    alone.fill(2)
    alone.clock.advance(seconds=11)
    with late.unseen("messages"):
        alone.fill(4, first=2)

    assert late(None) == Replay((), 4)
    assert late.turned_away(None) == Replay((), 2)
    alone.clock.advance(seconds=11)
    assert late.turned_away(None) == Replay((), 4)


def test_a_reset_begins_where_every_row_is_seen(alone: Bundle, late: Late) -> None:
    alone.fill(2)
    alone.clock.advance(hours=73)
    with late.unseen("messages"):
        alone.fill(4, first=2)
    current = CurrentEvents(InMemoryEventLog(late.seen), TurnedAwayLog(late.seen))
    replay = ReplayEvents(
        InMemoryEventLog(alone.tables), current, PlainUrls(), alone.clock, RecordingMetrics()
    )

    assert replay(alone.tables.read(USER), 0) == Replay((), 2, reset=True)
