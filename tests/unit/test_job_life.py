"""The life of an image job: each move, and any order of them by movers who know too little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.support.builders import a_job
from tests.support.doubles import NOW

from afterimage.domain.job_life import (
    MAX_ATTEMPTS,
    IllegalMove,
    Move,
    effect_of,
    may,
    moved,
)
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Status

ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)
LATER = NOW + timedelta(seconds=9)
PURGE = NOW + timedelta(seconds=155)
RESERVED = a_job()
WAITING = replace(RESERVED, status=JobStatus.WAITING)
BEGUN = moved(WAITING, Move.START, NOW)
RUNNING = moved(RESERVED, Move.CLAIM, NOW)
RESCUED = moved(RUNNING, Move.RESCUE, NOW)
LAST = moved(RESCUED, Move.CLAIM, NOW)


def reachable(start: Job) -> set[tuple[JobStatus, int]]:
    """Status and attempt of everything a job can become."""
    found: set[tuple[JobStatus, int]] = set()
    waiting = [start]
    while waiting:
        job = waiting.pop()
        if (job.status, job.attempt) not in found:
            found.add((job.status, job.attempt))
            waiting += [moved(job, move, NOW) for move in Move if may(job, move)]
    return found


# --- Each move ---------------------------------------------------------------------------------


def test_a_turn_that_comes_is_an_order() -> None:
    assert moved(WAITING, Move.START, LATER) == replace(RESERVED, turn_at=LATER)
    assert (BEGUN.handed_over_at, RESERVED.handed_over_at) == (NOW, RESERVED.created_at)


def test_a_claim_starts_the_clock() -> None:
    assert moved(RESERVED, Move.CLAIM, LATER, claimed_by="a-request") == replace(
        RESERVED, status=JobStatus.RUNNING, started_at=LATER, claimed_by="a-request"
    )


def test_a_success_settles_the_price() -> None:
    assert moved(RUNNING, Move.SUCCEED, LATER, price_usd="0.0336") == replace(
        RUNNING, status=JobStatus.SUCCEEDED, ended_at=LATER, price_usd="0.0336"
    )


@pytest.mark.parametrize("job", [RESERVED, RUNNING])
def test_a_rescue_is_a_reservation_of_the_next_attempt(job: Job) -> None:
    assert moved(job, Move.RESCUE, LATER) == replace(RESERVED, attempt=2)


@pytest.mark.parametrize("move", [Move.FAIL, Move.CANCEL])
def test_an_ending_says_when_and_why(move: Move) -> None:
    ended = moved(RUNNING, move, LATER, error_code="internal")

    assert (ended.ended_at, ended.error_code, ended.price_usd) == (LATER, "internal", None)


@pytest.mark.parametrize("move", [Move.FAIL, Move.CANCEL])
@pytest.mark.parametrize(
    ("job", "purged"),
    [
        (WAITING, False),
        (BEGUN, False),
        (RESERVED, False),
        (RUNNING, True),
        (RESCUED, True),
        (LAST, True),
    ],
)
def test_only_what_may_have_uploaded_is_purged(move: Move, job: Job, *, purged: bool) -> None:
    assert moved(job, move, NOW, purge_at=PURGE).purge_at == (PURGE if purged else None)


@pytest.mark.parametrize("attempt", [RUNNING, LAST])
def test_a_picture_that_was_delivered_is_never_purged(attempt: Job) -> None:
    assert moved(attempt, Move.SUCCEED, NOW, purge_at=PURGE).purge_at is None


# --- What a move does to quota and message -----------------------------------------------------


@pytest.mark.parametrize(
    ("job", "move", "refunds", "message"),
    [
        (WAITING, Move.START, False, None),
        (WAITING, Move.FAIL, True, Status.FAILED),
        (WAITING, Move.CANCEL, True, Status.CANCELLED),
        (BEGUN, Move.CLAIM, False, None),
        (RESERVED, Move.CLAIM, False, None),
        (RESERVED, Move.RESCUE, False, None),
        (RUNNING, Move.RESCUE, False, None),
        (RUNNING, Move.SUCCEED, False, Status.COMPLETE),
        (RESERVED, Move.FAIL, True, Status.FAILED),
        (RUNNING, Move.FAIL, True, Status.FAILED),
        (RESERVED, Move.CANCEL, True, Status.CANCELLED),
        (RUNNING, Move.CANCEL, False, Status.CANCELLED),
        (RESCUED, Move.CLAIM, False, None),
        (RESCUED, Move.FAIL, True, Status.FAILED),
        (RESCUED, Move.CANCEL, True, Status.CANCELLED),
        (LAST, Move.SUCCEED, False, Status.COMPLETE),
        (LAST, Move.FAIL, True, Status.FAILED),
        (LAST, Move.CANCEL, False, Status.CANCELLED),
    ],
)
def test_what_each_move_does(
    job: Job, move: Move, message: Status | None, *, refunds: bool
) -> None:
    effect = effect_of(job, move)

    assert (effect.refunds, effect.message) == (refunds, message)
    assert moved(job, move, NOW).status is effect.to


@pytest.mark.parametrize(
    ("job", "illegal"),
    [
        (WAITING, [Move.CLAIM, Move.SUCCEED, Move.RESCUE]),
        (RESERVED, [Move.START, Move.SUCCEED]),
        (RUNNING, [Move.START, Move.CLAIM]),
        (RESCUED, [Move.START, Move.SUCCEED, Move.RESCUE]),
        (LAST, [Move.START, Move.CLAIM, Move.RESCUE]),
        *((replace(RUNNING, status=status), list(Move)) for status in ENDED),
    ],
)
def test_every_other_move_is_refused(job: Job, illegal: Iterable[Move]) -> None:
    for move in Move:
        assert may(job, move) == (move not in illegal)
    for move in illegal:
        with pytest.raises(IllegalMove, match=f"{move} of a job that is {job.status}"):
            moved(job, move, NOW)
        with pytest.raises(IllegalMove):
            effect_of(job, move)


def test_a_job_comes_everywhere_and_nowhere_else() -> None:
    everywhere = {(status, attempt) for status in JobStatus for attempt in (1, MAX_ATTEMPTS)}
    only_once = (JobStatus.WAITING, MAX_ATTEMPTS)
    assert reachable(WAITING) == everywhere - {only_once}
    assert reachable(RESERVED) == reachable(WAITING) - {(JobStatus.WAITING, 1)}


@pytest.mark.parametrize("status", ENDED)
def test_what_has_ended_stays_as_it_is(status: JobStatus) -> None:
    assert reachable(replace(RUNNING, status=status)) == {(status, 1)}


# --- Any order, by anybody ---------------------------------------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Movers decide on reads of any age; a move counts under the condition of `MoveJob`.

    The quota, the message and the list of endings are kept by the table of effects alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.row = WAITING
        self.reads = [WAITING]
        self.charged = 1
        self.refunds = 0
        self.message = Status.GENERATING
        self.endings: list[JobStatus] = []
        self.ended_from: JobStatus | None = None
        self.provider_calls = 0

    @rule(move=st.sampled_from(Move), age=st.integers(0, 8))
    def somebody_moves(self, move: Move, age: int) -> None:
        read = self.reads[-1 - age % len(self.reads)]
        if not may(read, move):
            with pytest.raises(IllegalMove):
                moved(read, move, NOW)
            return
        effect, after = effect_of(read, move), moved(read, move, NOW, purge_at=PURGE)
        if (self.row.status, self.row.attempt) != (read.status, read.attempt):
            return  # the condition of the write does not hold
        if after.status in ENDED:
            self.endings.append(after.status)
            self.ended_from = self.row.status
        self.row = after
        self.reads.append(after)
        self.charged -= effect.refunds
        self.refunds += effect.refunds
        self.message = effect.message or self.message
        self.provider_calls += move is Move.CLAIM

    @invariant()
    def it_ends_once(self) -> None:
        assert len(self.endings) <= 1
        assert (self.row.status in ENDED) == bool(self.endings)
        assert [self.row.status] == self.endings or not self.endings

    @invariant()
    def the_message_ends_with_it(self) -> None:
        expected = {
            JobStatus.SUCCEEDED: Status.COMPLETE,
            JobStatus.FAILED: Status.FAILED,
            JobStatus.CANCELLED: Status.CANCELLED,
        }
        assert self.message is expected.get(self.row.status, Status.GENERATING)

    @invariant()
    def charges_are_pictures_and_pictures_cancelled_while_running(self) -> None:
        delivered = self.row.status is JobStatus.SUCCEEDED
        wasted = self.row.status is JobStatus.CANCELLED and self.ended_from is JobStatus.RUNNING
        under_way = not self.endings
        assert self.charged == (delivered or wasted or under_way)
        assert self.refunds in (0, 1)

    @invariant()
    def there_are_two_attempts_at_most(self) -> None:
        assert 1 <= self.row.attempt <= MAX_ATTEMPTS
        assert self.provider_calls <= MAX_ATTEMPTS

    @invariant()
    def it_started_if_it_runs(self) -> None:
        assert (self.row.started_at is not None) or self.row.status is not JobStatus.RUNNING
        assert (self.row.ended_at is not None) == (self.row.status in ENDED)

    @invariant()
    def uploads_go_if_there_can_be_any_and_no_picture_needs_them(self) -> None:
        due = self.row.purge_at is not None
        unwanted = self.row.status in (JobStatus.FAILED, JobStatus.CANCELLED)
        assert due == (unwanted and (self.provider_calls > 0 or self.row.attempt > 1))


def test_charges_are_pictures_and_those_cancelled_while_running() -> None:
    """As `AnyOrder` checks it, for every life there is."""
    lives = [([WAITING], 1)]
    charged_by_path: dict[tuple[JobStatus, ...], int] = {}
    while lives:
        path, charged = lives.pop()
        moves = [move for move in Move if may(path[-1], move)]
        if not moves:
            charged_by_path[tuple(job.status for job in path[-2:])] = charged
        for move in moves:
            effect = effect_of(path[-1], move)
            lives.append(([*path, moved(path[-1], move, NOW)], charged - effect.refunds))

    assert charged_by_path == {
        (JobStatus.RUNNING, JobStatus.SUCCEEDED): 1,
        (JobStatus.RUNNING, JobStatus.CANCELLED): 1,
        (JobStatus.RUNNING, JobStatus.FAILED): 0,
        (JobStatus.RESERVED, JobStatus.CANCELLED): 0,
        (JobStatus.RESERVED, JobStatus.FAILED): 0,
        (JobStatus.WAITING, JobStatus.CANCELLED): 0,
        (JobStatus.WAITING, JobStatus.FAILED): 0,
    }


AnyOrder.TestCase.settings = settings(max_examples=300, stateful_step_count=20)
TestAnyOrder = AnyOrder.TestCase
