"""The life of an image job: each move, and every order of them that there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
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


# --- Every life there is -----------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """A job from its order on; quota and message are kept by the table of effects alone.

    Attributes:
        path: the job after each of its moves.
    """

    path: tuple[Job, ...] = (WAITING,)
    charged: int = 1
    message: Status = Status.GENERATING
    claims: int = 0

    @property
    def job(self) -> Job:
        return self.path[-1]

    def after(self, move: Move) -> Life:
        effect, then = effect_of(self.job, move), moved(self.job, move, NOW, purge_at=PURGE)
        return Life(
            (*self.path, then),
            self.charged - effect.refunds,
            effect.message or self.message,
            self.claims + (move is Move.CLAIM),
        )


def lives() -> Iterator[Life]:
    """All of them, and each of their beginnings."""
    begun = [Life()]
    while begun:
        life = begun.pop()
        assert len(life.path) < 50, "it has no end"
        yield life
        begun += [life.after(move) for move in Move if may(life.job, move)]


def test_no_job_comes_back_to_where_it_was() -> None:
    """So whoever moves it by an old read, under the condition of `MoveJob`, changes nothing."""
    for life in lives():
        states = {(job.status, job.attempt) for job in life.path}
        assert len(states) == len(life.path)


def test_it_ends_once_and_its_message_with_it() -> None:
    message_of = {
        JobStatus.SUCCEEDED: Status.COMPLETE,
        JobStatus.FAILED: Status.FAILED,
        JobStatus.CANCELLED: Status.CANCELLED,
    }
    for life in lives():
        assert not any(job.status in ENDED for job in life.path[:-1])
        assert life.message is message_of.get(life.job.status, Status.GENERATING)


def test_charges_are_pictures_and_those_cancelled_while_running() -> None:
    ends = {
        (*(job.status for job in life.path[-2:]), life.charged)
        for life in lives()
        if life.job.status in ENDED
    }

    assert ends == {
        (JobStatus.RUNNING, JobStatus.SUCCEEDED, 1),
        (JobStatus.RUNNING, JobStatus.CANCELLED, 1),
        (JobStatus.RUNNING, JobStatus.FAILED, 0),
        (JobStatus.RESERVED, JobStatus.CANCELLED, 0),
        (JobStatus.RESERVED, JobStatus.FAILED, 0),
        (JobStatus.WAITING, JobStatus.CANCELLED, 0),
        (JobStatus.WAITING, JobStatus.FAILED, 0),
    }


def test_what_is_under_way_is_charged_and_begun_twice_at_most() -> None:
    for life in lives():
        assert life.charged == 1 or life.job.status in ENDED
        assert 1 <= life.job.attempt <= MAX_ATTEMPTS
        assert life.claims <= MAX_ATTEMPTS


def test_it_has_started_if_it_runs_and_has_an_end_if_it_has_ended() -> None:
    for life in lives():
        assert life.job.started_at is not None or life.job.status is not JobStatus.RUNNING
        assert (life.job.ended_at is not None) == (life.job.status in ENDED)


def test_uploads_go_if_there_can_be_any_and_no_picture_needs_them() -> None:
    for life in lives():
        unwanted = life.job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
        may_have_uploaded = life.claims > 0 or life.job.attempt > 1
        assert (life.job.purge_at is not None) == (unwanted and may_have_uploaded)
