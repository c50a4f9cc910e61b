"""How an answer ends. Nobody else writes an ending, a refund, or takes one from `open`.

    reply      the model's words are the answer
    complete   a picture of it is there
    fail       it, or some of its pictures, end with a reason
    cancel     its user no longer wants it
    keep_words what had been written of one that was cancelled stays
    remove     its chat or its question is being deleted: no row of it is left

Of an answer that displaced another one and ends with nothing to show, the other one stands again
(`domain/versions.py`): such an ending is not whole until `standing_again` has said so.

Each gives the whole transaction: the message, the jobs behind it as `job_life` moves them, the
pictures that go back to their days where `job_life` says so, with their calls if nobody can have
made them, and the events. An answer with several pictures ends with the last of them, and then
alone is one open answer less. All of it holds only while message and jobs are as they were read.
Of two endings of one picture the one wins that moves its job: where only the message has changed,
the same ending is made of it as it is now (`use_cases/end_slots.py`). A job that ends makes room
with the painter, and whose turn it is then begins in the same transaction (`turns.py`). The file is
as long as there are ways to end: two that are kept apart would soon disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeGuard

from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    CheckLastLine,
    InsertImage,
    MoveJob,
    RefundImage,
    RemoveImage,
    RemoveJob,
    RemoveMessage,
    ReplaceMessage,
    ReturnCall,
    Transition,
)
from afterimage.domain.deletions import late_uploads, of_picture
from afterimage.domain.errors import Failure
from afterimage.domain.events import (
    Event,
    ImageDeleted,
    ImageInserted,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.images import Image
from afterimage.domain.job_life import Move, effect_of, may, may_have_begun, moved
from afterimage.domain.jobs import Job
from afterimage.domain.limits import ModelKind
from afterimage.domain.messages import Message, Role
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.domain.versions import Pair, displaced, made_to_stand


@dataclass(frozen=True)
class Ending:
    """What an answer becomes, and the transaction that makes it so.

    Attributes:
        message: as it is once the transaction is committed, unless another picture of it is begun
            with that.
        gives_way: whether it stands, and what it displaced is to stand again.
    """

    message: Message
    transition: Transition
    gives_way: bool = False


def reply(message: Message, text: str, parts: str) -> Ending:
    """The model's words are the answer.

    Args:
        parts: the model's own parts, as JSON.
    """
    return _ending(message, message.answered(text, parts))


def complete(
    message: Message, job: Job, images: Sequence[Image], price_usd: str, now: datetime
) -> Ending:
    """A job's picture is there, in the message and in the gallery, with what came with it.

    Args:
        images: the job's own picture first.
        price_usd: of all of them.

    Raises:
        IllegalMove: the job has ended.
    """
    own, *others = images
    counted = job.counted(own)
    succeeded = replace(moved(job, Move.SUCCEED, now, price_usd=price_usd), pictures=counted)
    painted = [slot.painted(own) for slot in message.slots if slot.id == job.id]
    come = [Slot(other.id, SlotStatus.COMPLETE, other, unasked=True) for other in others]
    changes: list[Change] = [InsertImage(image) for image in images]
    if counted < job.pictures:  # a smaller one came than was asked for
        changes.append(RefundImage(job.quota_day, job.pictures - counted))
    events = tuple(ImageInserted(image) for image in images)
    delivered = message.changed(painted, come)
    return _ending(message, delivered, (*changes, MoveJob(job, succeeded)), events)


def fail(
    message: Message,
    failure: Failure,
    now: datetime,
    jobs: Sequence[Job] = (),
    slots: Collection[str] = (),
    purge_at: datetime | None = None,
    also: tuple[Change, ...] = (),
    words: str = "",
) -> Ending:
    """It ends with a reason, or those of its pictures do that are named.

    What had ended may be given another reason.

    Args:
        jobs: those behind it that are to end, of those that have not ended.
        slots: ids of further slots that are to end, which have no such job.
        purge_at: by when nobody can be uploading for a job any more.
        also: further changes of the same transaction.
        words: what the model had written, where it broke off.

    Raises:
        IllegalMove: a job has ended.
    """
    changes: list[Change] = [
        MoveJob(job, moved(job, Move.FAIL, now, error_code=failure.code, purge_at=purge_at))
        for job in jobs
    ]
    changes += _refunds(jobs, Move.FAIL)
    ending_slots = {*slots, *(job.id for job in jobs)}
    if ending_slots:
        note = FailureNote.of(failure, now)
        failed = message.changed(s.failed(note) for s in message.slots if s.id in ending_slots)
    else:
        failed = message.failed(failure, now)
    kept = replace(failed, text=words or failed.text)
    return _ending(message, kept, (*changes, *also))


def cancel(message: Message, jobs: Sequence[Job], now: datetime, purge_at: datetime) -> Ending:
    """Its user no longer wants it: all that is open of it ends.

    Args:
        jobs: all jobs behind it that have not ended.
        purge_at: by when nobody can be uploading for a job any more.

    Raises:
        IllegalMove: a job has ended.
    """
    changes: list[Change] = [
        MoveJob(job, moved(job, Move.CANCEL, now, purge_at=purge_at)) for job in jobs
    ]
    changes += _refunds(jobs, Move.CANCEL)
    refunded = {job.id for job in jobs if effect_of(job, Move.CANCEL).refunds}
    if message.open_slots:
        cancelled = message.changed(
            slot.cancelled(refunded=slot.id in refunded) for slot in message.open_slots
        )
    else:
        cancelled = message.cancelled()
    return _ending(message, cancelled, tuple(changes))


def keep_words(
    cancelled: Message, words: str, question: Message | None = None, instead_of: Pair | None = None
) -> Ending:
    """What had been written of one that was cancelled stays; nothing else of its end changes.

    Args:
        question: of it, if it had given way for want of words, and may come back.
        instead_of: what stands by now, and then does not any more.
    """
    kept = replace(cancelled, version=cancelled.version + 1, text=words)
    if question is None or instead_of is None:
        return _ending(cancelled, kept)
    back = replace(kept, stands=True, stood_before=instead_of.question.id)
    stands = question.placed(stands=True)
    others, told = displaced(instead_of)
    check = CheckLastLine(question.chat_id, question.line)
    changes = (ReplaceMessage(stands, question.version), *others, check)
    return _ending(cancelled, back, changes, (MessageUpdated(stands), *told))


def standing_again(ending: Ending, question: Message, before: Pair) -> Ending:
    """The ending, with which the pair stands again that the answer's own displaced.

    What makes an answer's picture begin (`turns.py`) finds the message in these changes, too.

    Args:
        question: of the answer, as it was read.
        before: the pair that it displaced, as it was read.
    """
    ended = replace(ending.message, stands=False)
    gone = question.placed(stands=False)
    (others, told), _ = made_to_stand(before)
    whole = ending.transition
    return Ending(
        ended,
        replace(
            whole,
            changes=(
                *(_of(ended, change) for change in whole.changes),
                *others,
                ReplaceMessage(gone, question.version),
            ),
            # What stands again is told first: at no time does nothing of the line stand.
            events=(
                *(_telling(ended, event) for event in whole.events),
                *told,
                MessageUpdated(gone),
            ),
        ),
    )


def _of(message: Message, change: Change) -> Change:
    if isinstance(change, ReplaceMessage) and change.message.id == message.id:
        return replace(change, message=message)
    return change


def _telling(message: Message, event: Event) -> Event:
    is_its = isinstance(event, MessageUpdated) and event.message.id == message.id
    return MessageUpdated(message) if is_its else event


def remove(message: Message, jobs: Sequence[Job], now: datetime, purge_at: datetime) -> Transition:
    """It goes, and its jobs with it; where its chat goes, that is all that is told.

    What a job may still upload is noted, to be removed once nobody can be uploading any more.
    Arguments and errors are those of `cancel`.
    """
    changes: list[Change] = [RemoveMessage(message)]
    for job in jobs:
        cancelled = moved(job, Move.CANCEL, now, purge_at=purge_at)
        changes.append(RemoveJob(job))
        if cancelled.purge_at is not None:
            changes.append(BeginDeletion(late_uploads(job.id, now, cancelled.purge_at)))
    changes += _refunds(jobs, Move.CANCEL)
    return Transition(tuple(changes), (), opens=-1 if message.is_open else 0)


def remove_pair(pair: Pair, jobs: Sequence[Job], now: datetime, purge_at: datetime) -> Transition:
    """It goes with its question, its pictures, and the records of its jobs.

    Args:
        jobs: all that it ever had, as far as they are there.
        purge_at: by when nobody can be uploading for a job any more.
    """
    open_slots = {slot.id for slot in pair.answer.open_slots}
    running = [job for job in jobs if job.id in open_slots and may(job, Move.CANCEL)]
    removed = remove(pair.answer, running, now, purge_at)
    changes: list[Change] = [RemoveMessage(pair.question), *removed.changes]
    for job in (job for job in jobs if job not in running):
        changes.append(RemoveJob(job))
        if job.purge_at is not None:
            changes.append(BeginDeletion(late_uploads(job.id, now, job.purge_at)))
    for image in pair.answer.images:
        changes += [RemoveImage(image.id, image.share), BeginDeletion(of_picture(image, now))]
    both = (MessageDeleted(one.chat_id, one.id) for one in (pair.question, pair.answer))
    gone = (ImageDeleted(image.id) for image in pair.answer.images)
    return replace(removed, changes=tuple(changes), events=(*both, *gone))


def _ending(
    read: Message, ended: Message, also: tuple[Change, ...] = (), events: tuple[Event, ...] = ()
) -> Ending:
    closes = read.is_open and not ended.is_open
    transition = Transition(
        (ReplaceMessage(ended, read.version), *also),
        (MessageUpdated(ended), *events),
        opens=-1 if closes else 0,
    )
    displaced_one = ended.stands and ended.stood_before is not None
    return Ending(ended, transition, closes and displaced_one and not ended.has_something)


def _refunds(jobs: Sequence[Job], move: Move) -> Iterator[Change]:
    """The pictures, and the calls that were counted with them where nobody can have made them.

    One change for each day: a transaction takes each day's row once.
    """
    refunded = [job for job in jobs if effect_of(job, move).refunds]
    pictures = Counter[str]()
    for job in refunded:
        pictures[job.quota_day] += job.pictures
    for day, number in pictures.items():
        yield RefundImage(day, number)
    unbegun = Counter(job.quota_day for job in refunded if not may_have_begun(job))
    for day, number in unbegun.items():
        yield ReturnCall(ModelKind.IMAGE, day, number)


def tells_of_an_end(
    event: Event, transition: Transition
) -> TypeGuard[MessageInserted | MessageUpdated]:
    """Whether an answer ends with it, which it may as it is stored."""
    if isinstance(event, MessageInserted):
        return event.message.role is Role.ASSISTANT and not event.message.is_open
    if isinstance(event, MessageUpdated):
        return transition.opens < 0 and not event.message.is_open
    return False
