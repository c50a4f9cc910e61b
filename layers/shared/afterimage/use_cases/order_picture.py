"""Ordering pictures: quota and jobs in one transaction, then the painter is started for each.

Where its user has as many pictures with the painter as one may have, a job waits for its turn
(`domain/turns.py`), and nobody is started for it.

The answer may be thought about (the model has asked for pictures), its user tries again what has
failed of it, or it is stored by the same transaction, since nobody has to think about it. Where the
day has fewer pictures left than are wanted, those are ordered, and the slots of the rest say why
they are empty. An invoke that fails is taken back: its slot ends, the picture goes back to its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from afterimage.channel import NOTHING_POSTED, Delivery, Posts, UnifiedChannel
from afterimage.domain import aspect_ratios, endings, ids, quota, turns
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
from afterimage.domain.endings import Ending
from afterimage.domain.errors import (
    CallsUsedUp,
    Failure,
    Internal,
    MessageLimit,
    ProviderLimit,
    QuotaExceeded,
)
from afterimage.domain.events import MessageInserted, MessageUpdated
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import LONGEST_WAIT, Limits, ModelKind
from afterimage.domain.messages import Message, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import Slot
from afterimage.measured import milliseconds
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.models import ImageRequest
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.choose_painter import ChoosePainter, Painter
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.open_question import Opening, Question
from afterimage.use_cases.turns import PaintersTurns

# What a day has too little room for, where it is that alone.
_ROOM = (ReserveImage, CountCall)
# Others may take what the day had left while we look; after so many tries nothing is left.
_TRIES = 4


@dataclass(frozen=True)
class _Wanted:
    """What is to be ordered.

    Attributes:
        parts: the model's own parts, as JSON.
        jobs: one for each picture.
        fits: how many of them the day has room for, as far as is known.
        lacking: why the others do not fit.
    """

    parts: str
    jobs: Sequence[Job]
    fits: int
    lacking: Failure | None = None


class OrderPicture:
    """Turns a wish into jobs that are being painted.

    Args:
        painters: who will paint.
        executor: invokes the painter beside the posts.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        jobs: JobStore,
        starter: ImageStarter,
        turns: PaintersTurns,
        end: EndAnswer,
        end_slots: EndSlots,
        clock: Clock,
        limits: Limits,
        painters: ChoosePainter,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._starter = starter
        self._turns = turns
        self._end = end
        self._end_slots = end_slots
        self._clock = clock
        self._limits = limits
        self._painters = painters
        self._executor = executor
        self._log = log
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
                wanted, channel = self._fewer(message, wanted, failed), None
                if not wanted.fits:
                    break
            else:
                self._count_refused(wanted, len(wanted.jobs) - wanted.fits)
                return self._start(question, message, delivery, after)
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
                wanted = self._fewer(opening.assistant, wanted, failed, is_new=True)
                channel = None
            else:
                break
        self._count_refused(wanted, len(wanted.jobs) - wanted.fits)
        return self._start(question, opening.assistant, delivery, NOTHING_POSTED)

    def start_again(self, user_id: str, message: Message) -> None:
        """Invoke once more where a function died before it could; the claim makes it harmless."""
        for job in self._jobs.some(user_id, [slot.id for slot in message.open_slots]):
            if job.status is JobStatus.RESERVED:
                self._failure_of(job, self._executor.submit(self._starter.start, user_id, job))

    def _wanted(self, question: Question, message: Message, wish: ImageRequest) -> _Wanted:
        if message.slots:
            places = [n for n, slot in enumerate(message.asked) if slot.may_be_tried]
        else:
            places = [*range(question.count or wish.count)]
        now = self._clock.now()
        painter = self._painters(question.image_model, question.image_size)
        jobs = [self._job(question, message, wish, painter, now, place) for place in places]
        return _Wanted(wish.parts, jobs, fits=len(jobs))

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
        wanted: _Wanted,
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
        slots |= _left_empty(wanted)
        ordered = read.generating(wanted.jobs[0], slots, wanted.parts, question.until)
        day = wanted.jobs[0].quota_day
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

    def _fewer(
        self, read: Message, wanted: _Wanted, failed: ConditionsFailed, *, is_new: bool = False
    ) -> _Wanted:
        """As many as are left.

        Another try is refused where there is no message or call left, and so is what is not stored
        yet (`is_new`) where there is no call.
        """
        wait = quota.seconds_to_reset(wanted.jobs[0].created_at)
        if _is_again(read) and failed.includes(CountMessage):
            raise MessageLimit(retry_after=wait) from failed
        each = wanted.jobs[0].pictures  # of the day's limit; a call is one call
        left = [
            (one.limit - used) // (each if isinstance(one, ReserveImage) else 1)
            for one, used in failed.counted.items()
        ]
        fits = max(0, min([wanted.fits - 1, *left]))
        is_unanswered = _is_again(read) or is_new
        if is_unanswered and any(
            isinstance(one, CountCall) and used >= one.limit for one, used in failed.counted.items()
        ):
            raise ProviderLimit(retry_after=wait) from failed
        lacks = QuotaExceeded if failed.includes(ReserveImage) else CallsUsedUp
        return replace(wanted, fits=fits, lacking=lacks(retry_after=wait))

    def _nothing_left(
        self, question: Question, message: Message, wanted: _Wanted, after: Posts
    ) -> Message:
        self._count_refused(wanted, len(wanted.jobs))
        tried = replace(message, parts=wanted.parts, tries=message.next_try)
        slots = [slot.id for slot in message.asked if slot.may_be_tried]
        again = self._again(message, wanted.jobs[0].quota_day)
        lacking = wanted.lacking or QuotaExceeded()
        return self._end.fail(question.user_id, tried, lacking, slots, also=again, after=after)

    def _count_refused(self, wanted: _Wanted, number: int) -> None:
        if number:
            is_call = isinstance(wanted.lacking, CallsUsedUp)
            self._metrics.add(Metric.REFUSED_CALLS if is_call else Metric.REFUSED_PICTURES, number)

    # --- Handing over -----------------------------------------------------------------------

    def _start(
        self, question: Question, read: Message, delivery: Delivery, after: Posts
    ) -> Message:
        user_id = question.user_id
        ordered = turns.message_in(delivery.transition, read)
        jobs = [each.job for each in delivery.transition.changes if isinstance(each, InsertJob)]
        started = [
            (job, self._executor.submit(self._starter.start, user_id, job))
            for job in jobs
            if job.status is JobStatus.RESERVED
        ]
        self._channel.deliver(delivery, after)
        if any(isinstance(event, MessageInserted) for event in delivery.transition.events):
            waited = milliseconds(question.received_at, self._clock.now())
            self._metrics.add(Metric.PLACEHOLDER_TIME, waited)
        for job in jobs[len(started) :]:
            self._log.info("llm_handler_image_waits", message_id=ordered.id, job_id=job.id)
        for job, start in started:
            if (failure := self._failure_of(job, start)) is not None:
                ordered = self._take_back(user_id, ordered, job, failure)
            else:
                self._log.info("llm_handler_image_started", message_id=ordered.id, job_id=job.id)
        return ordered

    def _failure_of(self, job: Job, start: Future[None]) -> Failure | None:
        try:
            start.result()
        except Failure as failure:
            self._log.warning("llm_handler_invoke_failed", job_id=job.id, reason=str(failure))
            return failure
        except Exception:  # noqa: BLE001 - every picture ends
            self._log.exception("llm_handler_invoke_failed", job_id=job.id)
            self._metrics.add(Metric.DEFECTS)
            return Internal()
        return None

    def _take_back(self, user_id: str, ordered: Message, job: Job, failure: Failure) -> Message:
        """The message without a picture that nobody could be asked for."""

        def ending(now: Message) -> Ending:
            return endings.fail(now, failure, self._clock.now(), [job])

        delivery = self._end_slots.of_job(user_id, ordered, job, ending)
        if delivery is None:
            return self._end.as_it_stands(user_id, ordered)
        self._log.warning(
            "llm_handler_message_failed",
            message_id=ordered.id,
            job_id=job.id,
            code=failure.code,
            reason=str(failure),
        )
        self._channel.deliver(delivery)
        return turns.message_in(delivery.transition, ordered)


def _left_empty(wanted: _Wanted) -> dict[int, Slot]:
    """The slots of what does not fit."""
    if wanted.lacking is None:
        return {}
    rest = wanted.jobs[wanted.fits :]
    note = FailureNote.of(wanted.lacking, wanted.jobs[0].created_at)
    return {job.slot: Slot.unordered(job.id, note) for job in rest}


def _is_again(read: Message) -> bool:
    return read.status is not Status.THINKING
