"""Ordering pictures: quota and jobs in one transaction, then they are handed over to the painter.

Where its user has as many pictures with the painter as one may have, a job waits for its turn
(`domain/turns.py`), and nobody is started for it.

The answer may be thought about (the model has asked for pictures), its user tries again what has
failed of it, or it is stored by the same transaction, since nobody has to think about it. Where the
day has fewer pictures left than are wanted, those are ordered, and the slots of the rest say why
they are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from afterimage.channel import UnifiedChannel
from afterimage.domain import aspect_ratios, ids, quota
from afterimage.domain.changes import (
    Change,
    CountCall,
    CountMessage,
    InsertJob,
    ReplaceMessage,
    ReserveImage,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.errors import QuotaExceeded
from afterimage.domain.events import MessageUpdated
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import LONGEST_WAIT, Limits, ModelKind
from afterimage.domain.messages import Message, Status
from afterimage.domain.questions import Question
from afterimage.domain.slots import Slot
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.models import ImageRequest
from afterimage.ports.system import Clock, Metrics
from afterimage.posting import NOTHING_POSTED, Posts
from afterimage.use_cases.choose_painter import ChoosePainter, Painter
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.hand_over import HandOver
from afterimage.use_cases.open_question import Opening
from afterimage.use_cases.turns import PaintersTurns
from afterimage.use_cases.wanted_pictures import Wanted

# What a day has too little room for, where it is that alone.
_ROOM = (ReserveImage, CountCall)
# Others may take what the day had left while we look; after so many tries nothing is left.
_TRIES = 4


class OrderPicture:
    """Turns a wish into jobs that are being painted.

    Args:
        painters: who will paint.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        turns: PaintersTurns,
        end: EndAnswer,
        hand_over: HandOver,
        clock: Clock,
        limits: Limits,
        painters: ChoosePainter,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._turns = turns
        self._end = end
        self._hand_over = hand_over
        self._clock = clock
        self._limits = limits
        self._painters = painters
        self._metrics = metrics

    def __call__(
        self,
        question: Question,
        message: Message,
        wish: ImageRequest,
        channel: Channel | None = None,
        after: Posts = NOTHING_POSTED,
    ) -> Message:
        """The answer with pictures under way or waiting for their turn, or ended; or as it stands
        if it moved meanwhile.

        Args:
            message: the answer as it was read. Of one that has pictures, what failed or was
                cancelled is tried again.
            channel: a read made beforehand, to save the first round trip.
            after: posts under way, behind which it is told.

        Raises:
            TooManyOpen, MessageLimit, ProviderLimit: of another try; nothing changed.
            ChatDeleted, AccountDeleted: it went meanwhile.
        """
        wanted = self._wanted(question, message, wish)
        for _ in range(_TRIES):
            order = partial(self._ordering, question, message, wanted)
            try:
                delivery = self._channel.change(question.user_id, order, channel)
            except ConditionsFailed as failed:
                if failed.includes(ReplaceMessage):
                    now = self._end.as_it_stands(question.user_id, message)
                    if _is_again(message) or not now.is_still(message):
                        return now
                    message, channel = message.placed_as(now), None
                    continue
                wanted, channel = wanted.fewer(failed, is_again=_is_again(message)), None
                if not wanted.fits:
                    break
            else:
                self._count_refused(wanted, len(wanted.jobs) - wanted.fits)
                return self._hand_over(question, message, delivery, after)
        return self._nothing_left(question, message, wanted, after)

    def opening(self, question: Question, opening: Opening, wish: ImageRequest) -> Message:
        """The answer of a question that is stored with its order, in one transaction: with
        pictures under way or waiting for their turn, or failed if the day has room for none.

        Raises:
            ProviderLimit: no call of the model is left; nothing was stored.
            ConditionsFailed, TooManyOpen, AccountDeleted: as of `OpenQuestion`.
        """
        wanted, channel = self._wanted(question, opening.assistant, wish), opening.channel
        for left in reversed(range(_TRIES + 1)):
            wanted = wanted if left else replace(wanted, fits=0)
            order = partial(self._ordering, question, opening.assistant, wanted, opening=opening)
            try:
                delivery = self._channel.change(question.user_id, order, channel)
            except ConditionsFailed as failed:
                if not left or not all(isinstance(one, _ROOM) for one in failed.changes):
                    raise
                wanted, channel = wanted.fewer(failed, is_new=True), None
            else:
                break
        self._count_refused(wanted, len(wanted.jobs) - wanted.fits)
        return self._hand_over(question, opening.assistant, delivery, NOTHING_POSTED)

    def _wanted(self, question: Question, message: Message, wish: ImageRequest) -> Wanted:
        if message.slots:
            places = [n for n, slot in enumerate(message.asked) if slot.may_be_tried]
        else:
            places = [*range(question.count or wish.count)]
        now = self._clock.now()
        painter = self._painters(question.image_model, question.image_size)
        jobs = [self._job(question, message, wish, painter, now, place) for place in places]
        return Wanted(wish.parts, jobs, fits=len(jobs))

    def _job(
        self,
        question: Question,
        message: Message,
        wish: ImageRequest,
        painter: Painter,
        now: datetime,
        place: int,
    ) -> Job:
        return Job(
            id=ids.job_id(question.chat_id, message.id, message.next_try, place),
            chat_id=question.chat_id,
            message_id=message.id,
            prompt=wish.prompt,
            aspect_ratio=aspect_ratios.chosen(
                question.aspect_ratio, wish.aspect_ratio, has_sources=bool(wish.source_image_ids)
            ),
            source_image_ids=wish.source_image_ids,
            quota_day=quota.day_of(now),
            model=painter.model,
            image_size=painter.size,
            pictures=painter.pictures,
            counts=painter.counts,
            created_at=now,
            slot=place,
        )

    def _ordering(
        self,
        question: Question,
        read: Message,
        wanted: Wanted,
        channel: Channel,
        opening: Opening | None = None,
    ) -> Transition:
        """As the queue stands at this try. Args: opening: of an answer that is not stored yet."""
        room, forgotten = self._turns.room(channel, wanted.fits)
        jobs = [
            replace(job, status=JobStatus.RESERVED if number < room else JobStatus.WAITING)
            for number, job in enumerate(wanted.jobs[: wanted.fits])
        ]
        slots = {job.slot: Slot.of(job, job.created_at + self._wait_of(job)) for job in jobs}
        slots |= wanted.left_empty()
        ordered = read.generating(wanted.jobs[0], slots, wanted.parts, question.until)
        day = wanted.day
        reserved = self._reserved(day, jobs)
        if opening is not None:
            stored = opening.storing(replace(ordered, version=read.version), *reserved)
            return replace(stored, forgets=forgotten)
        return Transition(
            changes=(ReplaceMessage(ordered, read.version), *self._again(read, day), *reserved),
            events=(MessageUpdated(ordered),),
            opens=0 if read.is_open else 1,
            open_limit=None if read.is_open else self._limits.open_messages,
            forgets=forgotten,
        )

    def _reserved(self, day: str, jobs: Sequence[Job]) -> tuple[Change, ...]:
        """The jobs, with what they take of their day."""
        if not jobs:
            return ()
        return (
            ReserveImage(day, self._limits.daily_images, sum(job.pictures for job in jobs)),
            CountCall(ModelKind.IMAGE, day, self._limits.image_calls, len(jobs)),
            *map(InsertJob, jobs),
        )

    def _wait_of(self, job: Job) -> timedelta:
        return LONGEST_WAIT if job.status is JobStatus.WAITING else self._limits.image_deadline

    def _again(self, read: Message, day: str) -> tuple[Change, ...]:
        """Another try is a message of the day."""
        return (CountMessage(day, self._limits.daily_messages),) if _is_again(read) else ()

    # --- What the day has no room for -------------------------------------------------------

    def _nothing_left(
        self, question: Question, message: Message, wanted: Wanted, after: Posts
    ) -> Message:
        self._count_refused(wanted, len(wanted.jobs))
        tried = replace(message, parts=wanted.parts, tries=message.next_try)
        slots = [slot.id for slot in message.asked if slot.may_be_tried]
        again = self._again(message, wanted.day)
        lacking = wanted.lacking or QuotaExceeded()
        return self._end.fail(question.user_id, tried, lacking, slots, also=again, after=after)

    def _count_refused(self, wanted: Wanted, number: int) -> None:
        if number:
            self._metrics.add(wanted.refused, number)


def _is_again(read: Message) -> bool:
    return read.status is not Status.THINKING
