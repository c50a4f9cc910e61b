"""The unified channel: commits until it wins, posts to everyone, and never breaks the work."""

from __future__ import annotations

from concurrent.futures import wait
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from tests.support.builders import CHAT, a_message, inserted
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.support.in_memory import Counter, InMemoryTables
from tests.support.interrupted import fail
from tests.unit.conftest import USER

from afterimage import frames
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted, Busy, TooManyOpen
from afterimage.domain.events import MessageInserted, MessageUpdated
from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ConditionsFailed, LostRace

MESSAGE = a_message()
PREVIEW = frames.preview(CHAT, MESSAGE.id, 2, MESSAGE.id, "data:image/webp,")
CHANGE = inserted(MESSAGE)


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


def connected(alone: Bundle, *connections: str) -> None:
    for connection in connections:
        alone.tables.register(USER, connection, NOW)


def test_a_lost_race_reads_again_and_repeats(
    alone: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = lose(alone.tables, monkeypatch, times=3)

    delivery = alone.channel.change(USER, CHANGE)

    assert tried == [0, 1, 2, 3]
    assert '"seq":4' in delivery.frames[0]
    assert alone.tables.read(USER).seq == 4


def test_pauses_grow_with_full_jitter(alone: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)
    lose(alone.tables, monkeypatch, times=9)

    alone.channel.change(USER, CHANGE)

    doubled = [0.01 * 2**number for number in range(9)]
    longest = alone.clock.slept[-1]
    assert alone.clock.slept == [min(pause, longest) for pause in doubled]
    assert 0.08 <= longest < 1


def test_after_losing_for_long_enough_it_is_busy(
    alone: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(alone.tables, monkeypatch, times=10_000)

    with pytest.raises(Busy):
        alone.channel.change(USER, CHANGE)

    assert timedelta(seconds=10) <= alone.clock.now() - NOW < timedelta(seconds=25)


@pytest.mark.parametrize("left_s", [60, 12, 8, 4, 0])
def test_it_is_busy_while_the_function_still_has_time_to_say_so(
    alone: Bundle, monkeypatch: pytest.MonkeyPatch, left_s: int
) -> None:
    """And to post, should the last try be the one that wins."""
    tried = lose(alone.tables, monkeypatch, times=10_000)
    alone.invocation.begin(NOW + timedelta(seconds=left_s))

    with pytest.raises(Busy):
        alone.channel.change(USER, CHANGE)

    assert alone.clock.now() - NOW <= timedelta(seconds=max(0, left_s - 3))
    assert tried


def test_a_condition_that_fails_is_not_repeated(alone: Bundle) -> None:
    alone.channel.change(USER, CHANGE)

    with pytest.raises(ConditionsFailed):
        alone.channel.change(USER, CHANGE)

    assert alone.clock.slept == []


def test_a_read_made_beforehand_saves_one(alone: Bundle) -> None:
    before = alone.channel.read(USER)
    fail(alone.tables, "read", AssertionError("read again"))

    assert alone.channel.change(USER, CHANGE, before).channel is before


def test_what_cannot_be_told_is_not_committed(
    alone: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 100)

    with pytest.raises(ValueError, match="message-insert"):
        alone.channel.change("alice", CHANGE)

    assert alone.tables.rows.messages == {}


def test_a_read_made_beforehand_may_be_old(alone: Bundle) -> None:
    before = alone.channel.read(USER)
    alone.channel.change(USER, CHANGE)

    change = inserted(a_message(1))

    assert '"seq":2' in alone.channel.change(USER, change, before).frames[0]


@pytest.mark.parametrize(("open_now", "allowed"), [(2, True), (3, False), (4, False)])
def test_open_messages_stop_exactly_at_their_limit(
    alone: Bundle, open_now: int, allowed: bool
) -> None:
    alone.tables.rows.counters[USER] = Counter(seq=1, open=open_now)
    opening = Transition(CHANGE.changes, CHANGE.events, opens=1, open_limit=3)

    if allowed:
        alone.channel.change(USER, opening)
    else:
        with pytest.raises(TooManyOpen):
            alone.channel.change(USER, opening)

    assert alone.tables.read(USER).open_messages == open_now + allowed


def test_a_deleted_account_takes_nothing(alone: Bundle) -> None:
    alone.tables.rows.counters[USER] = Counter(seq=1, deleted=True)

    with pytest.raises(AccountDeleted):
        alone.channel.change(USER, CHANGE)

    assert alone.tables.rows.messages == {}


def test_every_connection_gets_every_frame_in_order(alone: Bundle) -> None:
    connected(alone, "tab", "phone")
    two = Transition(CHANGE.changes, (MessageInserted(MESSAGE), MessageUpdated(MESSAGE)))

    alone.channel.deliver(alone.channel.change(USER, two))

    for connection in ("tab", "phone"):
        events = [(frame["event"], frame["seq"]) for frame in alone.push.to(connection)]
        assert events == [("message-insert", 1), ("message-update", 2)]


def test_nobody_else_gets_a_frame(alone: Bundle) -> None:
    alone.tables.register("bob", "bobs-tab", NOW)

    alone.channel.deliver(alone.channel.change(USER, CHANGE))

    assert alone.push.sent == []


def test_a_newcomer_gets_the_frames_too_and_once(alone: Bundle) -> None:
    alone.tables.register(USER, "tab", NOW)
    delivery = alone.channel.change(USER, CHANGE)
    alone.tables.register(USER, "newcomer", NOW)

    alone.channel.deliver(delivery)

    assert [connection for connection, _ in alone.push.sent].count("newcomer") == 1
    assert [connection for connection, _ in alone.push.sent].count("tab") == 1


@pytest.mark.parametrize("how", ["gone", "slow"])
def test_a_connection_that_takes_no_frame_is_closed_and_forgotten_alone(
    alone: Bundle, how: str
) -> None:
    connected(alone, "tab", "lost", "phone")
    getattr(alone.push, how).add("lost")

    alone.channel.deliver(alone.channel.change(USER, CHANGE))

    assert alone.tables.read(USER).connections == ("phone", "tab")
    assert alone.push.closed == ["lost"]
    assert {connection for connection, _ in alone.push.sent} == {"tab", "phone"}


def test_who_has_ended_gets_nothing_and_is_closed_two_at_a_time(alone: Bundle) -> None:
    alone.tables.register(USER, "tab", NOW)
    for number in range(3):
        alone.tables.register(USER, f"ended-{number}", NOW, until=NOW)

    alone.channel.deliver(alone.channel.change(USER, CHANGE))

    assert {connection for connection, _ in alone.push.sent} == {"tab"}
    assert sorted(alone.push.closed) == ["ended-0", "ended-1"]
    assert (alone.tables.read(USER).connections, alone.tables.read(USER).ended) == (
        ("tab",),
        ("ended-2",),
    )


def test_posts_have_two_seconds_in_all(alone: Bundle) -> None:
    alone.tables.register(USER, "tab", NOW)

    alone.channel.deliver(alone.channel.change(USER, CHANGE))

    assert alone.push.deadlines == [NOW + timedelta(seconds=2)]


def test_a_push_that_raises_breaks_nothing(alone: Bundle) -> None:
    connected(alone, "tab", "broken")
    alone.push.broken.add("broken")

    alone.channel.deliver(alone.channel.change(USER, CHANGE))

    assert len(alone.push.to("tab")) == 1
    assert alone.log.events() == ["channel_post_failed"]


def test_a_table_that_is_away_after_the_commit_breaks_nothing(alone: Bundle) -> None:
    connected(alone, "tab", "gone")
    alone.push.gone.add("gone")
    delivery = alone.channel.change(USER, CHANGE)
    for name in ("read", "forget"):
        fail(alone.tables, name, OSError("the table is away"))

    alone.channel.deliver(delivery)

    assert len(alone.push.to("tab")) == 1
    assert sorted(alone.log.events()) == ["channel_post_failed", "channel_reread_failed"]


def test_a_glimpse_has_no_number_and_forgets_who_is_gone(alone: Bundle) -> None:
    connected(alone, "tab", "gone")
    alone.push.gone.add("gone")
    before = alone.tables.read(USER).seq

    wait(alone.channel.pass_on(USER, ["tab", "gone"], PREVIEW).values())

    assert [frame["seq"] for frame in alone.push.to("tab")] == [None]
    assert alone.tables.read(USER).connections == ("tab",)
    assert alone.tables.read(USER).seq == before


def test_each_connection_gets_a_change_behind_its_own_glimpse_and_waits_for_no_other(
    alone: Bundle,
) -> None:
    """A tab that takes its glimpse slowly must not keep the picture from the others."""
    connected(alone, "slow", "quick")
    quick_has_it = Event()

    def meanwhile(connection: str, events: list[str]) -> None:
        if connection == "quick" and "message-insert" in events:
            quick_has_it.set()
        if connection == "slow" and "message-preview" in events:
            assert quick_has_it.wait(10)

    alone.push.meanwhile = meanwhile
    glimpses = alone.channel.pass_on(USER, ["slow", "quick"], PREVIEW)

    alone.channel.deliver(alone.channel.change(USER, CHANGE), after=glimpses)

    for connection in ("slow", "quick"):
        names = [frame["event"] for frame in alone.push.to(connection)]
        assert names == ["message-preview", "message-insert"]


def test_behind_the_last_posts_alone_is_read_who_came_meanwhile(
    alone: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterimage.channel._HEAD_START", timedelta(seconds=10))
    alone.tables.register(USER, "tab", NOW)
    delivery = alone.channel.change(USER, CHANGE)
    read, was_read, early = alone.tables.read, Event(), list[bool]()

    def reading(user_id: str) -> Channel:
        was_read.set()
        return read(user_id)

    def meanwhile(connection: str, _: list[str]) -> None:
        if connection == "tab":
            early.append(was_read.wait(0.1))  # would be set if the read did not wait
            alone.tables.register(USER, "newcomer", NOW)

    monkeypatch.setattr(alone.tables, "read", reading)
    alone.push.meanwhile = meanwhile

    alone.channel.deliver(delivery, is_last=True)

    assert early == [False]
    assert alone.push.to("newcomer") == alone.push.to("tab")


def test_whose_account_is_gone_is_told_closed_and_forgotten(alone: Bundle) -> None:
    connected(alone, "tab", "phone", "gone")
    alone.tables.register("bob", "bobs", NOW)
    alone.tables.register(USER, "ended", NOW, until=NOW)
    alone.push.gone = {"gone"}

    alone.channel.dismiss(USER)

    assert {connection: frame["code"] for connection, frame in alone.push.sent} == {
        "tab": "account_deleted",
        "phone": "account_deleted",
    }
    assert set(alone.push.closed) == {"tab", "phone", "gone", "ended"}
    assert alone.tables.read(USER).connections == ()
    assert alone.tables.read("bob").connections == ("bobs",)


def test_a_connection_that_cannot_be_forgotten_is_counted_and_keeps_no_other_open(
    alone: Bundle,
) -> None:
    connected(alone, "tab", "phone")
    fail(alone.tables, "forget", RuntimeError("no row can be removed"))

    alone.channel.dismiss(USER)

    assert set(alone.push.closed) == {"tab", "phone"}
    assert alone.metrics.of(Metric.DEFECTS) == [1, 1]
