"""The life of an image job: which moves there are, and what each does to quota and message.

    waiting
       │ └───┬── fail ──────────────────────────▶ failed      (refunded)
     start   └── cancel ────────────────────────▶ cancelled   (refunded)
       ▼
    reserved ── claim ──▶ running ── succeed ──▶ succeeded
       │  ▲                 │ │
       │  └──── rescue ─────┘ ├── fail ────────▶ failed      (refunded)
       ├── fail ──────────────┼────────────────▶ failed      (refunded)
       └── cancel ────────────┴────────────────▶ cancelled   (refunded only from reserved)

A job begins as `reserved`, or as `waiting` where its user has as many pictures with the painter as
one may have; `start` comes with the end of another job of the same user (`domain/turns.py`).
`claim` and `succeed` are `image_generate`'s, `rescue` is the keeper's (a function died; one
more attempt), `fail` belongs to whoever finds that the job cannot end well, `cancel` to the
user. A move is applied under the status and attempt it was decided on, so of two movers one
wins and the other finds its condition failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Status

MAX_ATTEMPTS = 2


class Move(StrEnum):
    START = "start"
    CLAIM = "claim"
    SUCCEED = "succeed"
    RESCUE = "rescue"
    FAIL = "fail"
    CANCEL = "cancel"


class IllegalMove(Exception):
    """A job in this state does not move like this."""

    def __init__(self, job: Job, move: Move) -> None:
        super().__init__(f"{move} of a job that is {job.status}, attempt {job.attempt}")


@dataclass(frozen=True)
class Effect:
    """What a move does.

    Attributes:
        refunds: whether the reserved picture goes back to the day it was taken from.
        message: status the waiting message gets; None leaves it waiting.
    """

    to: JobStatus
    refunds: bool = False
    message: Status | None = None


EFFECTS: dict[tuple[JobStatus, Move], Effect] = {
    (JobStatus.WAITING, Move.START): Effect(JobStatus.RESERVED),
    (JobStatus.WAITING, Move.FAIL): Effect(JobStatus.FAILED, refunds=True, message=Status.FAILED),
    (JobStatus.WAITING, Move.CANCEL): Effect(
        JobStatus.CANCELLED, refunds=True, message=Status.CANCELLED
    ),
    (JobStatus.RESERVED, Move.CLAIM): Effect(JobStatus.RUNNING),
    (JobStatus.RESERVED, Move.RESCUE): Effect(JobStatus.RESERVED),
    (JobStatus.RUNNING, Move.RESCUE): Effect(JobStatus.RESERVED),
    (JobStatus.RUNNING, Move.SUCCEED): Effect(JobStatus.SUCCEEDED, message=Status.COMPLETE),
    (JobStatus.RESERVED, Move.FAIL): Effect(JobStatus.FAILED, refunds=True, message=Status.FAILED),
    (JobStatus.RUNNING, Move.FAIL): Effect(JobStatus.FAILED, refunds=True, message=Status.FAILED),
    (JobStatus.RESERVED, Move.CANCEL): Effect(
        JobStatus.CANCELLED, refunds=True, message=Status.CANCELLED
    ),
    # The provider may have been paid already: a picture cancelled while running is charged.
    (JobStatus.RUNNING, Move.CANCEL): Effect(JobStatus.CANCELLED, message=Status.CANCELLED),
}


def may(job: Job, move: Move) -> bool:
    """Whether the job can move like this."""
    spent = move is Move.RESCUE and job.attempt >= MAX_ATTEMPTS
    return (job.status, move) in EFFECTS and not spent


def effect_of(job: Job, move: Move) -> Effect:
    """What the move would do. Raises: IllegalMove."""
    if not may(job, move):
        raise IllegalMove(job, move)
    return EFFECTS[job.status, move]


def moved(
    job: Job,
    move: Move,
    now: datetime,
    *,
    claimed_by: str | None = None,
    price_usd: str | None = None,
    error_code: str | None = None,
    purge_at: datetime | None = None,
) -> Job:
    """The job after a move.

    Args:
        claimed_by: request id of the invocation that claims it.
        purge_at: by when every function that may upload for this job has ended.

    Raises:
        IllegalMove: a job in this state does not move like this.
    """
    effect = effect_of(job, move)
    after = replace(job, status=effect.to, error_code=error_code)
    match move:
        case Move.START:
            return replace(after, turn_at=now)
        case Move.CLAIM:
            return replace(after, started_at=now, claimed_by=claimed_by)
        case Move.RESCUE:
            return replace(after, attempt=job.attempt + 1, started_at=None, claimed_by=None)
        case Move.SUCCEED:
            return replace(after, ended_at=now, price_usd=price_usd)
        case Move.FAIL | Move.CANCEL:
            purge = purge_at if may_have_begun(job) else None
            return replace(after, ended_at=now, purge_at=purge)


def may_have_begun(job: Job) -> bool:
    """Whether a function may have called the provider or uploaded for a job that has not ended."""
    return job.status is JobStatus.RUNNING or job.attempt > 1
