"""How an answer ends. Nobody else writes an ending, a refund, or takes one from `open`.

    reply      the model's words are the answer
    complete   its picture is there
    fail       it ends with a reason
    cancel     its user no longer wants it
    remove     its chat is being deleted: no row of it is left

Each gives the whole transaction: the message, the job behind it as `job_life` moves it, the picture
that goes back to its day where `job_life` says so, with its call if nobody can have made it, one
open answer less, and the events. All of it holds only while message and job are as they were read,
so of two endings one wins. A job that ends makes room with the painter, and whose turn it is then
begins in the same transaction (`turns.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    InsertImage,
    MoveJob,
    RefundImage,
    RemoveJob,
    RemoveMessage,
    ReplaceMessage,
    ReturnCall,
    Transition,
)
from afterimage.domain.deletions import late_uploads
from afterimage.domain.entities import Image, Job, Message
from afterimage.domain.errors import Failure
from afterimage.domain.events import Event, ImageInserted, MessageUpdated
from afterimage.domain.job_life import Move, effect_of, may_have_begun, moved
from afterimage.domain.limits import ModelKind


@dataclass(frozen=True)
class Ending:
    """What an answer becomes, and the transaction that makes it so.

    Attributes:
        message: as it is once the transaction is committed.
    """

    message: Message
    transition: Transition


def reply(message: Message, text: str, parts: str) -> Ending:
    """The model's words are the answer.

    Args:
        parts: the model's own parts, as JSON.
    """
    return _ending(message, message.answered(text, parts))


def complete(message: Message, job: Job, image: Image, price_usd: str, now: datetime) -> Ending:
    """The picture is there, in the message and in the gallery. Raises: IllegalMove."""
    succeeded = moved(job, Move.SUCCEED, now, price_usd=price_usd)
    changes = (InsertImage(image), MoveJob(job, succeeded))
    return _ending(message, message.painted(image), changes, (ImageInserted(image),))


def fail(
    message: Message,
    failure: Failure,
    now: datetime,
    job: Job | None = None,
    purge_at: datetime | None = None,
    also: tuple[Change, ...] = (),
) -> Ending:
    """It ends with a reason. One that had ended may be given another reason.

    Args:
        job: the job behind it, if it has one that has not ended.
        purge_at: by when nobody can be uploading for the job any more.
        also: further changes of the same transaction.

    Raises:
        IllegalMove: the job has ended.
    """
    changes: tuple[Change, ...] = ()
    if job is not None:
        failed = moved(job, Move.FAIL, now, error_code=failure.code, purge_at=purge_at)
        changes = (MoveJob(job, failed), *_refund(job, Move.FAIL))
    return _ending(message, message.failed(failure, now), (*changes, *also))


def cancel(message: Message, job: Job | None, now: datetime, purge_at: datetime) -> Ending:
    """Its user no longer wants it. Arguments and errors are those of `fail`."""
    changes: tuple[Change, ...] = ()
    refund: tuple[Change, ...] = ()
    if job is not None:
        cancelled = moved(job, Move.CANCEL, now, purge_at=purge_at)
        refund = _refund(job, Move.CANCEL)
        changes = (MoveJob(job, cancelled), *refund)
    return _ending(message, message.cancelled(refunded=bool(refund)), changes)


def remove(message: Message, job: Job | None, now: datetime, purge_at: datetime) -> Transition:
    """It goes, and its job with it; nobody is told, since its chat is gone for everybody.

    What the job may still upload is noted, to be removed once nobody can be uploading any more.
    Arguments and errors are those of `fail`.
    """
    changes: tuple[Change, ...] = (RemoveMessage(message),)
    if job is not None:
        cancelled = moved(job, Move.CANCEL, now, purge_at=purge_at)
        changes += (RemoveJob(job), *_refund(job, Move.CANCEL))
        if cancelled.purge_at is not None:
            changes += (BeginDeletion(late_uploads(job.id, now, cancelled.purge_at)),)
    return Transition(changes, (), opens=_closes(message))


def _ending(
    read: Message, ended: Message, also: tuple[Change, ...] = (), events: tuple[Event, ...] = ()
) -> Ending:
    transition = Transition(
        (ReplaceMessage(ended, read.version), *also),
        (MessageUpdated(ended), *events),
        opens=_closes(read),
    )
    return Ending(ended, transition)


def _refund(job: Job, move: Move) -> tuple[Change, ...]:
    """The picture, and the call that was counted with it where nobody can have made it."""
    if not effect_of(job, move).refunds:
        return ()
    picture = RefundImage(job.quota_day)
    if may_have_begun(job):
        return (picture,)
    return picture, ReturnCall(ModelKind.IMAGE, job.quota_day)


def _closes(read: Message) -> int:
    return -1 if read.is_open else 0
