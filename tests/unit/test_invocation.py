"""The time of an invocation: what is tried again ends inside it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.doubles import NOW, FixedClock, RecordingMetrics

from afterimage.invocation import Invocation, Patience
from afterimage.measured import Measured

PATIENCE = Patience(0.1, 1.0, timedelta(seconds=20), keeping=timedelta(seconds=3))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def tried_for(invocation: Invocation, clock: FixedClock) -> timedelta:
    """For how long something that never succeeds is tried, at no cost of its own."""
    before = clock.now()
    for _ in invocation.tries(PATIENCE):
        pass
    return clock.now() - before


@pytest.fixture
def _longest_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)


@pytest.mark.usefixtures("_longest_pauses")
@pytest.mark.parametrize(("left_s", "tried_s"), [(None, 20), (60, 20), (10, 7), (3, 0), (0, 0)])
def test_tries_end_with_patience_or_with_the_invocation(
    invocation: Invocation, clock: FixedClock, left_s: int | None, tried_s: int
) -> None:
    if left_s is not None:
        invocation.begin(NOW + seconds(left_s))

    assert tried_for(invocation, clock) == seconds(tried_s)


def test_one_try_there_is_however_late_it_is(invocation: Invocation) -> None:
    invocation.begin(NOW - seconds(1))

    assert len(list(invocation.tries(PATIENCE))) == 1


@pytest.mark.usefixtures("_longest_pauses")
def test_a_step_may_take_less_than_the_rest_and_never_more(
    invocation: Invocation, clock: FixedClock
) -> None:
    invocation.begin(NOW + seconds(100))
    with invocation.step(NOW + seconds(5)):
        short = tried_for(invocation, clock)
    with invocation.step(NOW + seconds(1_000)):
        within = tried_for(invocation, clock)

    assert (short, within) == (seconds(2), seconds(20))
    assert tried_for(invocation, clock) == seconds(20)


def test_each_invocation_of_a_function_is_told_its_end(clock: FixedClock) -> None:
    invocation = Invocation(clock)
    application = Measured(
        lambda: tried_for(invocation, clock), RecordingMetrics(), clock, invocation
    )

    assert application.until(NOW)() == seconds(0)
    assert seconds(10) < application.until(NOW + seconds(600))() < seconds(21)
