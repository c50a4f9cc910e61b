"""Twenty connections a user, at two closings a head."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bundle import Bundle
from tests.support.doubles import NOW
from tests.unit.conftest import USER

from afterimage.domain.channels import Channel
from afterimage.domain.connections import MAX_CONNECTIONS, is_pushed_out, pushed_out_by, too_many
from afterimage.use_cases.limit_connections import LimitConnections


@pytest.fixture
def limit(alone: Bundle) -> LimitConnections:
    return LimitConnections(alone.tables, alone.tables, alone.push, alone.clock)


def tab(number: int) -> str:
    return f"tab-{number:04d}"


def opened(alone: Bundle, count: int) -> None:
    for number in range(count):
        alone.tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))


# --- Who makes room ------------------------------------------------------------------------------


def test_twenty_have_room(alone: Bundle) -> None:
    opened(alone, MAX_CONNECTIONS)
    channel = alone.tables.read(USER)

    assert not any(is_pushed_out(channel, one) for one in channel.connections)
    assert [pushed_out_by(channel, one) for one in channel.connections] == [()] * MAX_CONNECTIONS
    assert too_many(channel) == ()


@pytest.mark.parametrize("count", [21, 25, 40, 41, 60, 120, 500])
def test_of_many_at_once_each_has_another_one_to_close_or_goes_itself(
    alone: Bundle, count: int
) -> None:
    """All are registered before any of them reads."""
    opened(alone, count)
    channel = alone.tables.read(USER)

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


def test_who_was_forgotten_meanwhile_pushes_nobody_out(alone: Bundle) -> None:
    opened(alone, 30)

    assert pushed_out_by(alone.tables.read(USER), "another") == ()


# --- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [60, 120, 240])
def test_a_crowd_that_resumes_at_once_is_closed_once_each_and_twenty_stay(
    limit: LimitConnections, alone: Bundle, count: int
) -> None:
    opened(alone, count)
    channel = alone.tables.read(USER)

    for one in channel.connections:
        limit.make_room(channel, one)

    gone = [tab(number) for number in range(count - MAX_CONNECTIONS)]
    assert sorted(alone.push.closed) == gone
    assert sorted(connection for connection, _ in alone.push.sent) == gone
    assert {frame["code"] for _, frame in alone.push.sent} == {"replaced"}
    assert alone.tables.read(USER).connections == channel.connections[-MAX_CONNECTIONS:]


def test_nobody_closes_more_than_two(limit: LimitConnections, alone: Bundle) -> None:
    opened(alone, 100)

    assert limit.make_room(alone.tables.read(USER), tab(99))

    assert alone.push.closed == [tab(79), tab(0)]


@pytest.mark.parametrize("count", [60, 120])
def test_a_crowd_whose_members_do_not_all_see_each_other_is_capped(
    limit: LimitConnections, alone: Bundle, count: int
) -> None:
    """Each reads somewhere in the middle: others are registered later, under an earlier time."""
    chance = random.Random(7)  # noqa: S311 - a test's
    late = sorted(range(count), key=lambda number: number + chance.uniform(0, 30))
    reads = []
    for number in late:
        alone.tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))
        reads.append((alone.tables.read(USER), tab(number)))

    for channel, one in reads:
        limit.make_room(channel, one)

    assert len(alone.tables.read(USER).connections) == MAX_CONNECTIONS
    assert len(alone.push.closed) == len(set(alone.push.closed)) == count - MAX_CONNECTIONS


def test_what_others_left_undone_is_done_by_who_comes_next(
    limit: LimitConnections, alone: Bundle
) -> None:
    opened(alone, 25)
    for number in range(25, 30):
        alone.tables.register(USER, tab(number), NOW + timedelta(milliseconds=number))
        limit.make_room(alone.tables.read(USER), tab(number))

    assert len(alone.tables.read(USER).connections) == MAX_CONNECTIONS
    assert len(alone.push.closed) == 10


def test_who_has_ended_is_closed_first_and_told_nothing(
    limit: LimitConnections, alone: Bundle
) -> None:
    alone.tables.register(USER, "ended", NOW, until=NOW)
    opened(alone, 3)

    assert limit.make_room(alone.tables.read(USER), tab(2))

    assert (alone.push.closed, alone.push.sent) == (["ended"], [])


def test_a_ping_finds_out_that_others_have_taken_the_place(
    limit: LimitConnections, alone: Bundle
) -> None:
    opened(alone, MAX_CONNECTIONS + 1)
    channel = alone.tables.read(USER)

    assert not limit.may_stay(channel, tab(0))
    assert limit.may_stay(channel, tab(1))

    assert alone.push.closed == [tab(0)]


# --- Who never resumes ---------------------------------------------------------------------------


def test_who_never_resumed_is_closed_two_at_a_time_after_half_a_minute(
    limit: LimitConnections, alone: Bundle
) -> None:
    for number in range(5):
        limit.enter(USER, tab(number))
    alone.clock.advance(seconds=30)
    limit.close_unresumed(USER)
    assert alone.push.closed == []

    alone.clock.advance(seconds=1)
    limit.close_unresumed(USER)
    assert alone.push.closed == [tab(0), tab(1)]

    limit.enter(USER, tab(9))
    assert alone.push.closed == [tab(number) for number in range(4)]


def test_a_flood_of_connections_that_never_resume_stays_small(
    limit: LimitConnections, alone: Bundle
) -> None:
    for number in range(300):
        alone.clock.advance(seconds=1)
        limit.enter(USER, tab(number))

    assert len(alone.tables.rows.unresumed) <= 32
    assert len(alone.push.closed) == len(set(alone.push.closed)) >= 268


def test_nobody_closes_the_silent_of_others(limit: LimitConnections, alone: Bundle) -> None:
    limit.enter("bob", "bobs")
    alone.clock.advance(minutes=1)

    limit.enter(USER, "tab")

    assert alone.push.closed == []
