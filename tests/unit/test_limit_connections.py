"""Twenty connections a user, at two closings a head."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.doubles import NOW, FixedClock, RecordingPush
from tests.support.in_memory import InMemoryTables
from tests.unit.conftest import USER

from afterimage.domain.channels import Channel
from afterimage.domain.connections import MAX_CONNECTIONS, is_pushed_out, pushed_out_by, too_many
from afterimage.use_cases.limit_connections import LimitConnections


@pytest.fixture
def limit(tables: InMemoryTables, push: RecordingPush, clock: FixedClock) -> LimitConnections:
    return LimitConnections(tables, tables, push, clock)


def tab(number: int) -> str:
    return f"tab-{number:04d}"


def opened(tables: InMemoryTables, count: int) -> None:
    for number in range(count):
        tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))


# --- Who makes room ------------------------------------------------------------------------------


def test_twenty_have_room(tables: InMemoryTables) -> None:
    opened(tables, MAX_CONNECTIONS)
    channel = tables.read(USER)

    assert not any(is_pushed_out(channel, one) for one in channel.connections)
    assert [pushed_out_by(channel, one) for one in channel.connections] == [()] * MAX_CONNECTIONS
    assert too_many(channel) == ()


@pytest.mark.parametrize("count", [21, 25, 40, 41, 60, 120, 500])
def test_of_many_at_once_each_has_another_one_to_close_or_goes_itself(
    tables: InMemoryTables, count: int
) -> None:
    """All are registered before any of them reads."""
    opened(tables, count)
    channel = tables.read(USER)

    goes = [one for one in channel.connections if is_pushed_out(channel, one)]
    stays = channel.connections[-MAX_CONNECTIONS:]

    assert sorted([*goes, *stays]) == sorted(channel.connections)
    closed = Counter(gone for one in stays for gone in pushed_out_by(channel, one))
    assert set(closed.values()) == {1}
    assert set(closed) <= set(goes) == set(too_many(channel))


@given(st.integers(0, 60), st.integers(0, 60))
def test_nobody_pushes_out_one_that_may_stay(ended: int, live: int) -> None:
    ids = tuple(tab(number) for number in range(ended + live))
    channel = Channel(USER, connections=ids[ended:], ended=ids[:ended])

    for one in ids:
        pushed_out = pushed_out_by(channel, one)
        assert len(pushed_out) <= 1
        assert set(pushed_out) <= set(too_many(channel))
    assert set(too_many(channel)) == {*ids[:ended], *ids[ended:][:-MAX_CONNECTIONS]}


def test_who_was_forgotten_meanwhile_pushes_nobody_out(tables: InMemoryTables) -> None:
    opened(tables, 30)

    assert pushed_out_by(tables.read(USER), "another") == ()


# --- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [60, 120, 240])
def test_a_crowd_that_resumes_at_once_is_closed_once_each_and_twenty_stay(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush, count: int
) -> None:
    opened(tables, count)
    channel = tables.read(USER)

    for one in channel.connections:
        limit.make_room(channel, one)

    gone = [tab(number) for number in range(count - MAX_CONNECTIONS)]
    assert sorted(push.closed) == gone
    assert sorted(connection for connection, _ in push.sent) == gone
    assert {frame["code"] for _, frame in push.sent} == {"replaced"}
    assert tables.read(USER).connections == channel.connections[-MAX_CONNECTIONS:]


def test_nobody_closes_more_than_two(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush
) -> None:
    opened(tables, 100)

    assert limit.make_room(tables.read(USER), tab(99))

    assert push.closed == [tab(79), tab(0)]


@pytest.mark.parametrize("count", [60, 120])
def test_a_crowd_whose_members_do_not_all_see_each_other_is_capped(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush, count: int
) -> None:
    """Each reads somewhere in the middle: others are registered later, under an earlier time."""
    chance = random.Random(7)  # noqa: S311 - a test's
    late = sorted(range(count), key=lambda number: number + chance.uniform(0, 30))
    reads = []
    for number in late:
        tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))
        reads.append((tables.read(USER), tab(number)))

    for channel, one in reads:
        limit.make_room(channel, one)

    assert len(tables.read(USER).connections) == MAX_CONNECTIONS
    assert len(push.closed) == len(set(push.closed)) == count - MAX_CONNECTIONS


def test_what_others_left_undone_is_done_by_who_comes_next(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush
) -> None:
    opened(tables, 25)
    for number in range(25, 30):
        tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))
        limit.make_room(tables.read(USER), tab(number))

    assert len(tables.read(USER).connections) == MAX_CONNECTIONS
    assert len(push.closed) == 10


def test_who_has_ended_is_closed_first_and_told_nothing(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush
) -> None:
    tables.register(USER, "ended", NOW, until=NOW)
    opened(tables, 3)

    assert limit.make_room(tables.read(USER), tab(2))

    assert (push.closed, push.sent) == (["ended"], [])


def test_a_ping_finds_out_that_others_have_taken_the_place(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush
) -> None:
    opened(tables, MAX_CONNECTIONS + 1)
    channel = tables.read(USER)

    assert not limit.may_stay(channel, tab(0))
    assert limit.may_stay(channel, tab(1))

    assert push.closed == [tab(0)]


# --- Who never resumes ---------------------------------------------------------------------------


def test_who_never_resumed_is_closed_two_at_a_time_after_half_a_minute(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    for number in range(5):
        limit.enter(USER, tab(number))
    clock.advance(seconds=30)
    limit.close_unresumed(USER)
    assert push.closed == []

    clock.advance(seconds=1)
    limit.close_unresumed(USER)
    assert push.closed == [tab(0), tab(1)]

    limit.enter(USER, tab(9))
    assert push.closed == [tab(number) for number in range(4)]


def test_a_flood_of_connections_that_never_resume_stays_small(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    for number in range(300):
        clock.advance(seconds=1)
        limit.enter(USER, tab(number))

    assert len(tables.rows.unresumed) <= 32
    assert len(push.closed) == len(set(push.closed)) >= 268


def test_nobody_closes_the_silent_of_others(
    limit: LimitConnections, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    limit.enter("bob", "bobs")
    clock.advance(minutes=1)

    limit.enter(USER, "tab")

    assert push.closed == []
