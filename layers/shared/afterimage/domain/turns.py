"""Whose turn it is with the painter, so that one user's pictures never take all of it.

A user's jobs that are reserved or running are *painting*, at most so many at a time; what is more
is *waiting*, and is not handed to the painter. Both lists stand in the user's counter row and
follow from the changes of each transition. A job's id is a ULID with the time of its message, so
who asked first comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from afterimage.domain.changes import (
    Change,
    InsertJob,
    InsertMessage,
    MoveJob,
    RemoveJob,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.events import Event, MessageUpdated
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message

_PAINTING = frozenset({JobStatus.RESERVED, JobStatus.RUNNING})


def after(channel: Channel, transition: Transition) -> Channel:
    """The channel with its queue as a transition leaves it."""
    painting, waiting = channel.painting - transition.forgets, channel.waiting - transition.forgets
    for job_id, status in _becomes(transition):
        one = {job_id}
        painting = painting | one if status in _PAINTING else painting - one
        waiting = waiting | one if status is JobStatus.WAITING else waiting - one
    return replace(channel, painting=painting, waiting=waiting)


def message_in(transition: Transition, message: Message) -> Message:
    """The message as a transition leaves it; as it is if it does not change it."""
    for change in (*transition.changes, *transition.along):
        if isinstance(change, ReplaceMessage | InsertMessage) and _is_of(change, message):
            return change.message
    return message


def begin(
    transition: Transition, job: Job, message: Message, now: datetime, deadline: datetime
) -> Transition:
    """The same transition, in which the turn of a waiting job comes.

    Args:
        message: the one that waits for it, as it is before the transition.
        deadline: by when its picture must have ended.

    Raises:
        IllegalMove: the job does not wait.
    """
    started = MoveJob(job, moved(job, Move.START, now))
    as_left = message_in(transition, message)
    if as_left is message:
        begun = message.begun(job.id, deadline)
        return replace(
            transition,
            along=(*transition.along, ReplaceMessage(begun, message.version), started),
            events=(*transition.events, MessageUpdated(begun)),
        )
    # An item can be written once in a transaction: what is written of it already says this, too.
    begun = replace(as_left.begun(job.id, deadline), version=as_left.version)
    return replace(
        transition,
        changes=tuple(_with(change, begun) for change in transition.changes),
        along=(*(_with(change, begun) for change in transition.along), started),
        events=tuple(_told(event, begun) for event in transition.events),
    )


def _is_of(change: ReplaceMessage | InsertMessage, message: Message) -> bool:
    return (change.message.chat_id, change.message.id) == (message.chat_id, message.id)


def _with(change: Change, message: Message) -> Change:
    if isinstance(change, ReplaceMessage) and _is_of(change, message):
        return replace(change, message=message)
    return change


def _told(event: Event, message: Message) -> Event:
    if isinstance(event, MessageUpdated) and event.message.id == message.id:
        return MessageUpdated(message)
    return event


def begun_in(transition: Transition) -> list[Job]:
    """The jobs whose turn comes with it, to be handed to the painter once it is committed."""
    return [change.after for change in transition.along if isinstance(change, MoveJob)]


def _becomes(transition: Transition) -> Iterator[tuple[str, JobStatus | None]]:
    """What becomes of each job that comes, moves or goes; None of one that goes."""
    for change in (*transition.changes, *transition.along):
        match change:
            case InsertJob(job):
                yield job.id, job.status
            case MoveJob(before, then):
                yield before.id, then.status
            case RemoveJob(job):
                yield job.id, None
            case _:
                pass
