"""One transaction's place among others of its user: who has lost waits for its number."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.builders import a_message, inserted
from tests.support.bundle import USER, Bundle
from tests.support.doubles import NOW, FixedClock
from tests.support.in_memory import InMemoryTables

from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.errors import Busy, TooManyOpen
from afterimage.domain.served import Served
from afterimage.ports.channel import ConditionsFailed, LostRace

FIRST, MINE = a_message(1), a_message(2)
CHANGE = inserted(MINE)
SILENCE = timedelta(milliseconds=300)


class Others:
    """Those who drew their numbers before; they are heard of while one waits."""

    def __init__(self, tables: InMemoryTables, clock: FixedClock, waiting: int) -> None:
        first = inserted(FIRST)
        tables.commit(tables.read(USER), first, NOW)
        for _ in range(waiting):
            tables.draw(tables.read(USER), NOW)
        self.tries: list[tuple[int, datetime]] = []  # what was served, and when
        self._tables, self._clock = tables, clock
        self._commit, self._sleep = tables.commit, clock.sleep

    def beat(self, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Win the next races."""

        def commit(channel: Any, *rest: Any) -> None:
            self.tries.append((channel.served.count, self._clock.now()))
            if len(self.tries) <= times:
                raise LostRace
            self._commit(channel, *rest)

        monkeypatch.setattr(self._tables, "commit", commit)

    def take(self, a_turn: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
        """One after the other has its turn while one waits."""

        def sleep(seconds: float) -> None:
            self._sleep(seconds)
            had_theirs = min(20, (self._clock.now() - NOW) // a_turn)
            serve(self._tables, had_theirs - self._tables.read(USER).served.count)

        monkeypatch.setattr(self._clock, "sleep", sleep)


def serve(tables: InMemoryTables, more: int) -> None:
    """So many more had their turn."""
    for _ in range(more):
        tables.serve(USER, tables.read(USER).served.upto + 1)


def before_me(served: int) -> int:
    return 20 - served


@pytest.fixture
def others(alone: Bundle, monkeypatch: pytest.MonkeyPatch) -> Others:
    """Twenty wait already, and one of them wins the next race."""
    others = Others(alone.tables, alone.clock, waiting=20)
    others.beat(1, monkeypatch)
    return others


def test_after_a_silence_the_next_one_is_passed_over_and_no_other(
    alone: Bundle, others: Others
) -> None:
    alone.channel.change(USER, CHANGE)

    (_, lost_at), (served, tried_at) = others.tries
    assert served == 0
    assert SILENCE <= tried_at - lost_at < 3 * SILENCE
    assert alone.tables.read(USER).served == Served(1, frozenset({21}))


@pytest.mark.parametrize(
    ("a_turn_ms", "left_before"), [(20, range(2)), (270, range(2, 7)), (450, range(2, 8))]
)
def test_who_has_lost_comes_behind_all_who_lost_before(
    alone: Bundle,
    others: Others,
    monkeypatch: pytest.MonkeyPatch,
    a_turn_ms: int,
    left_before: range,
) -> None:
    """However slow they are; but then more of them try at a time."""
    monkeypatch.setattr("random.uniform", lambda low, _: low)
    others.take(timedelta(milliseconds=a_turn_ms), monkeypatch)

    alone.channel.change(USER, CHANGE)

    served = others.tries[-1][0]
    assert before_me(served) in left_before
    assert alone.tables.read(USER).served == Served(served, frozenset({21}))


def test_who_loses_again_keeps_its_number(
    alone: Bundle, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    others.beat(4, monkeypatch)
    serve(alone.tables, 20)

    alone.channel.change(USER, CHANGE)

    assert alone.tables.rows.drawn == {(USER, "turn"): 21}
    assert alone.tables.read(USER).served == Served(21)


@pytest.mark.parametrize("refusal", [ConditionsFailed, TooManyOpen])
def test_who_is_refused_lets_the_next_one_come(
    alone: Bundle, others: Others, refusal: type[Exception]
) -> None:
    serve(alone.tables, 20)
    limit = 0 if refusal is TooManyOpen else None

    def wanted(_: object) -> Transition:
        if len(others.tries) == 0:
            return CHANGE
        return Transition((InsertMessage(FIRST),), CHANGE.events, opens=1, open_limit=limit)

    with pytest.raises(refusal):
        alone.channel.change(USER, wanted)

    assert alone.tables.read(USER).served == Served(21)


def test_nobody_waits_longer_than_the_function_has_time(
    alone: Bundle, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    others.beat(1_000_000, monkeypatch)
    alone.invocation.begin(NOW + timedelta(seconds=10))

    with pytest.raises(Busy):
        alone.channel.change(USER, CHANGE)

    assert timedelta(seconds=6) < alone.clock.now() - NOW <= timedelta(seconds=7)


@pytest.mark.parametrize(
    ("served", "number", "waiting"),
    [
        (Served(), 1, 0),
        (Served(), 4, 3),
        (Served(2), 4, 1),
        (Served(2, frozenset({4, 9})), 6, 2),
        (Served(7), 3, 0),
    ],
)
def test_who_waits_before_a_number(served: Served, number: int, waiting: int) -> None:
    assert served.waiting_before(number) == waiting
