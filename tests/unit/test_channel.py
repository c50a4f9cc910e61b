"""The unified channel: commits until it wins, posts to everyone, and never breaks the work."""

from __future__ import annotations

from concurrent.futures import wait
from datetime import timedelta
from threading import Event
from typing import Any, NoReturn

import pytest
from tests.support.builders import CHAT, a_message
from tests.support.doubles import NOW, FixedClock, RecordingLog, RecordingMetrics, RecordingPush
from tests.support.in_memory import Counter, InMemoryTables
from tests.unit.conftest import USER

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted, Busy, TooManyOpen
from afterimage.domain.events import MessageInserted, MessageUpdated
from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.ports.channel import ConditionsFailed, LostRace

MESSAGE = a_message()
PREVIEW = frames.preview(CHAT, MESSAGE.id, 2, MESSAGE.id, "data:image/webp,")
CHANGE = Transition((InsertMessage(MESSAGE),), (MessageInserted(MESSAGE),))


def lose(tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Makes the next commits lose; the `seq` each was tried at."""
    commit = tables.commit
    tried: list[int] = []

    def losing(channel: Any, *rest: Any) -> None:
        tried.append(channel.seq)
        if len(tried) <= times:
            tables.rows.counters[USER] = Counter(seq=len(tried))
            raise LostRace
        commit(channel, *rest)

    monkeypatch.setattr(tables, "commit", losing)
    return tried


def test_a_lost_race_reads_again_and_repeats(
    channel: UnifiedChannel, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = lose(tables, monkeypatch, times=3)

    delivery = channel.change(USER, CHANGE)

    assert tried == [0, 1, 2, 3]
    assert '"seq":4' in delivery.frames[0]
    assert tables.read(USER).seq == 4


def test_pauses_grow_with_full_jitter(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)
    lose(tables, monkeypatch, times=9)

    channel.change(USER, CHANGE)

    doubled = [0.01 * 2**number for number in range(9)]
    longest = clock.slept[-1]
    assert clock.slept == [min(pause, longest) for pause in doubled]
    assert 0.08 <= longest < 1


def test_after_losing_for_long_enough_it_is_busy(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose(tables, monkeypatch, times=10_000)

    with pytest.raises(Busy):
        channel.change(USER, CHANGE)

    assert timedelta(seconds=10) <= clock.now() - NOW < timedelta(seconds=25)


@pytest.mark.parametrize("left_s", [60, 12, 8, 4, 0])
def test_it_is_busy_while_the_function_still_has_time_to_say_so(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    clock: FixedClock,
    invocation: Invocation,
    monkeypatch: pytest.MonkeyPatch,
    left_s: int,
) -> None:
    """And to post, should the last try be the one that wins."""
    tried = lose(tables, monkeypatch, times=10_000)
    invocation.begin(NOW + timedelta(seconds=left_s))

    with pytest.raises(Busy):
        channel.change(USER, CHANGE)

    assert clock.now() - NOW <= timedelta(seconds=max(0, left_s - 3))
    assert tried


def test_a_condition_that_fails_is_not_repeated(channel: UnifiedChannel, clock: FixedClock) -> None:
    channel.change(USER, CHANGE)

    with pytest.raises(ConditionsFailed):
        channel.change(USER, CHANGE)

    assert clock.slept == []


def test_a_read_made_beforehand_saves_one(
    channel: UnifiedChannel, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = channel.read(USER)

    def refuse(_: str) -> NoReturn:
        raise AssertionError("read again")

    monkeypatch.setattr(tables, "read", refuse)

    assert channel.change(USER, CHANGE, before).channel is before


def test_what_cannot_be_told_is_not_committed(
    channel: UnifiedChannel, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 100)

    with pytest.raises(ValueError, match="message-insert"):
        channel.change("alice", CHANGE)

    assert tables.rows.messages == {}


def test_a_read_made_beforehand_may_be_old(channel: UnifiedChannel) -> None:
    before = channel.read(USER)
    channel.change(USER, CHANGE)

    other = a_message(1)
    change = Transition((InsertMessage(other),), (MessageInserted(other),))

    assert '"seq":2' in channel.change(USER, change, before).frames[0]


@pytest.mark.parametrize(("open_now", "allowed"), [(2, True), (3, False), (4, False)])
def test_open_messages_stop_exactly_at_their_limit(
    channel: UnifiedChannel, tables: InMemoryTables, open_now: int, allowed: bool
) -> None:
    tables.rows.counters[USER] = Counter(seq=1, open=open_now)
    opening = Transition(CHANGE.changes, CHANGE.events, opens=1, open_limit=3)

    if allowed:
        channel.change(USER, opening)
    else:
        with pytest.raises(TooManyOpen):
            channel.change(USER, opening)

    assert tables.read(USER).open_messages == open_now + allowed


def test_a_deleted_account_takes_nothing(channel: UnifiedChannel, tables: InMemoryTables) -> None:
    tables.rows.counters[USER] = Counter(seq=1, deleted=True)

    with pytest.raises(AccountDeleted):
        channel.change(USER, CHANGE)

    assert tables.rows.messages == {}


def test_every_connection_gets_every_frame_in_order(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    for connection in ("tab", "phone"):
        tables.register(USER, connection, NOW)
    two = Transition(CHANGE.changes, (MessageInserted(MESSAGE), MessageUpdated(MESSAGE)))

    channel.deliver(channel.change(USER, two))

    for connection in ("tab", "phone"):
        events = [(frame["event"], frame["seq"]) for frame in push.to(connection)]
        assert events == [("message-insert", 1), ("message-update", 2)]


def test_nobody_else_gets_a_frame(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register("bob", "bobs-tab", NOW)

    channel.deliver(channel.change(USER, CHANGE))

    assert push.sent == []


def test_a_newcomer_gets_the_frames_too_and_once(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "tab", NOW)
    delivery = channel.change(USER, CHANGE)
    tables.register(USER, "newcomer", NOW)

    channel.deliver(delivery)

    assert [connection for connection, _ in push.sent].count("newcomer") == 1
    assert [connection for connection, _ in push.sent].count("tab") == 1


@pytest.mark.parametrize("how", ["gone", "slow"])
def test_a_connection_that_takes_no_frame_is_closed_and_forgotten_alone(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush, how: str
) -> None:
    for connection in ("tab", "lost", "phone"):
        tables.register(USER, connection, NOW)
    getattr(push, how).add("lost")

    channel.deliver(channel.change(USER, CHANGE))

    assert tables.read(USER).connections == ("phone", "tab")
    assert push.closed == ["lost"]
    assert {connection for connection, _ in push.sent} == {"tab", "phone"}


def test_who_has_ended_gets_nothing_and_is_closed_two_at_a_time(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "tab", NOW)
    for number in range(3):
        tables.register(USER, f"ended-{number}", NOW, until=NOW)

    channel.deliver(channel.change(USER, CHANGE))

    assert {connection for connection, _ in push.sent} == {"tab"}
    assert sorted(push.closed) == ["ended-0", "ended-1"]
    assert (tables.read(USER).connections, tables.read(USER).ended) == (("tab",), ("ended-2",))


def test_posts_have_two_seconds_in_all(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "tab", NOW)

    channel.deliver(channel.change(USER, CHANGE))

    assert push.deadlines == [NOW + timedelta(seconds=2)]


def test_a_push_that_raises_breaks_nothing(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush, log: RecordingLog
) -> None:
    for connection in ("tab", "broken"):
        tables.register(USER, connection, NOW)
    push.broken.add("broken")

    channel.deliver(channel.change(USER, CHANGE))

    assert len(push.to("tab")) == 1
    assert log.events() == ["channel_post_failed"]


def test_a_table_that_is_away_after_the_commit_breaks_nothing(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    log: RecordingLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for connection in ("tab", "gone"):
        tables.register(USER, connection, NOW)
    push.gone.add("gone")
    delivery = channel.change(USER, CHANGE)

    def away(*_: object) -> None:
        raise OSError("the table is away")

    monkeypatch.setattr(tables, "read", away)
    monkeypatch.setattr(tables, "forget", away)

    channel.deliver(delivery)

    assert len(push.to("tab")) == 1
    assert sorted(log.events()) == ["channel_post_failed", "channel_reread_failed"]


def test_a_glimpse_has_no_number_and_forgets_who_is_gone(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    for connection in ("tab", "gone"):
        tables.register(USER, connection, NOW)
    push.gone.add("gone")
    before = tables.read(USER).seq

    wait(channel.pass_on(USER, ["tab", "gone"], PREVIEW).values())

    assert [frame["seq"] for frame in push.to("tab")] == [None]
    assert tables.read(USER).connections == ("tab",)
    assert tables.read(USER).seq == before


def test_each_connection_gets_a_change_behind_its_own_glimpse_and_waits_for_no_other(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    """A tab that takes its glimpse slowly must not keep the picture from the others."""
    for connection in ("slow", "quick"):
        tables.register(USER, connection, NOW)
    quick_has_it = Event()

    def meanwhile(connection: str, events: list[str]) -> None:
        if connection == "quick" and "message-insert" in events:
            quick_has_it.set()
        if connection == "slow" and "message-preview" in events:
            assert quick_has_it.wait(10)

    push.meanwhile = meanwhile
    glimpses = channel.pass_on(USER, ["slow", "quick"], PREVIEW)

    channel.deliver(channel.change(USER, CHANGE), after=glimpses)

    for connection in ("slow", "quick"):
        names = [frame["event"] for frame in push.to(connection)]
        assert names == ["message-preview", "message-insert"]


def test_behind_the_last_posts_alone_is_read_who_came_meanwhile(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("afterimage.channel._HEAD_START", timedelta(seconds=10))
    tables.register(USER, "tab", NOW)
    delivery = channel.change(USER, CHANGE)
    read, was_read, early = tables.read, Event(), list[bool]()

    def reading(user_id: str) -> Channel:
        was_read.set()
        return read(user_id)

    def meanwhile(connection: str, _: list[str]) -> None:
        if connection == "tab":
            early.append(was_read.wait(0.1))  # would be set if the read did not wait
            tables.register(USER, "newcomer", NOW)

    monkeypatch.setattr(tables, "read", reading)
    push.meanwhile = meanwhile

    channel.deliver(delivery, is_last=True)

    assert early == [False]
    assert push.to("newcomer") == push.to("tab")


def test_whose_account_is_gone_is_told_closed_and_forgotten(
    channel: UnifiedChannel, tables: InMemoryTables, push: RecordingPush
) -> None:
    for name in ("tab", "phone", "gone"):
        tables.register(USER, name, NOW)
    tables.register("bob", "bobs", NOW)
    tables.register(USER, "ended", NOW, until=NOW)
    push.gone = {"gone"}

    channel.dismiss(USER)

    assert {connection: frame["code"] for connection, frame in push.sent} == {
        "tab": "account_deleted",
        "phone": "account_deleted",
    }
    assert set(push.closed) == {"tab", "phone", "gone", "ended"}
    assert tables.read(USER).connections == ()
    assert tables.read("bob").connections == ("bobs",)


def test_a_connection_that_cannot_be_forgotten_is_counted_and_keeps_no_other_open(
    channel: UnifiedChannel,
    tables: InMemoryTables,
    push: RecordingPush,
    metrics: RecordingMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: str) -> NoReturn:
        raise RuntimeError("no row can be removed")

    for connection in ("tab", "phone"):
        tables.register(USER, connection, NOW)
    monkeypatch.setattr(tables, "forget", refuse)

    channel.dismiss(USER)

    assert set(push.closed) == {"tab", "phone"}
    assert metrics.of(Metric.DEFECTS) == [1, 1]
