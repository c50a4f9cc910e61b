"""Ordering a picture: quota and job in one transaction, then the painter is started.

Where its user has as many pictures with the painter as one may have, the job waits for its turn
(`domain/turns.py`), and nobody is started.

The answer may be under way (the model has asked for a picture) or have ended (its user tries it
again). An invoke that fails is taken back: the answer ends, the picture goes back to its day.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from functools import partial

from afterimage.channel import Delivery, UnifiedChannel
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
from afterimage.domain.entities import Channel, Job, JobStatus, Message
from afterimage.domain.errors import (
    CallsUsedUp,
    Failure,
    Internal,
    MessageLimit,
    ProviderLimit,
    QuotaExceeded,
)
from afterimage.domain.events import MessageUpdated
from afterimage.domain.limits import LONGEST_WAIT, Limits, ModelKind
from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.models import ImageRequest
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.open_question import Question
from afterimage.use_cases.turns import PaintersTurns


class OrderPicture:
    """Turns a wish into a job that is being painted.

    Args:
        image_model: id of the model that will paint, for the ledger.
        executor: invokes the painter beside the posts.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        jobs: JobStore,
        starter: ImageStarter,
        turns: PaintersTurns,
        end: EndAnswer,
        clock: Clock,
        limits: Limits,
        image_model: str,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._starter = starter
        self._turns = turns
        self._end = end
        self._clock = clock
        self._limits = limits
        self._image_model = image_model
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(
        self,
        question: Question,
        message: Message,
        wish: ImageRequest,
        channel: Channel | None = None,
    ) -> Message:
        """The answer with its picture under way or waiting for its turn, or ended; or as it stands
        if it moved meanwhile.

        Args:
            message: the answer as it was read. One that has ended begins another try.
            channel: a read made beforehand, to save the first round trip.

        Raises:
            TooManyOpen, MessageLimit, ProviderLimit: of an answer that had ended; nothing changed.
            ChatDeleted, AccountDeleted: it went meanwhile.
        """
        now = self._clock.now()
        job = self._job(question, message, wish, now)
        order = partial(self._ordering, question, message, wish.parts, job)
        try:
            delivery = self._channel.change(question.user_id, order, channel)
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._end.as_it_stands(question.user_id, message)
            used_up = self._used_up(message, failed, quota.seconds_to_reset(now))
            tried = replace(message, parts=wish.parts, tries=message.next_try)
            again = self._again(message, job.quota_day)
            return self._end.fail(question.user_id, tried, used_up, also=again)
        return self._start(question.user_id, *_stored(delivery.transition), delivery)

    def start_again(self, user_id: str, message: Message) -> None:
        """Invoke once more where a function died before it could; the claim makes it harmless."""
        job = self._jobs.get(user_id, message.job_id or "")
        if job is not None and job.status is JobStatus.RESERVED:
            try:
                self._starter.start(user_id, job)
            except Failure as failure:
                self._log.warning("llm_handler_invoke_failed", job_id=job.id, reason=str(failure))

    def _job(self, question: Question, message: Message, wish: ImageRequest, now: datetime) -> Job:
        return Job(
            id=ids.job_id(question.chat_id, message.id, message.next_try),
            chat_id=question.chat_id,
            message_id=message.id,
            message_version=message.version + 1,
            prompt=wish.prompt,
            aspect_ratio=aspect_ratios.chosen(question.aspect_ratio, wish.aspect_ratio),
            quota_day=quota.day_of(now),
            model=self._image_model,
            created_at=now,
        )

    def _ordering(
        self, question: Question, read: Message, parts: str, job: Job, channel: Channel
    ) -> Transition:
        """As the queue stands at this try."""
        room, forgotten = self._turns.room(channel)
        wait = self._limits.image_deadline if room else LONGEST_WAIT
        job = replace(job, status=JobStatus.RESERVED if room else JobStatus.WAITING)
        ordered = read.generating(job, parts, job.created_at + wait, question.until)
        day, limits = job.quota_day, self._limits
        return Transition(
            changes=(
                ReplaceMessage(ordered, read.version),
                *self._again(read, day),
                ReserveImage(day, limits.daily_images),
                CountCall(ModelKind.IMAGE, day, limits.image_calls),
                InsertJob(job),
            ),
            events=(MessageUpdated(ordered),),
            opens=0 if read.is_open else 1,
            open_limit=None if read.is_open else limits.open_messages,
            forgets=forgotten,
        )

    def _again(self, read: Message, day: str) -> tuple[Change, ...]:
        """Another try of an answer that had ended is a message of the day."""
        return () if read.is_open else (CountMessage(day, self._limits.daily_messages),)

    def _used_up(self, read: Message, failed: ConditionsFailed, wait: int) -> Failure:
        """What the day has no more of; an answer that had ended stays as it is without some."""
        if not read.is_open and failed.includes(CountMessage):
            raise MessageLimit(retry_after=wait) from failed
        if not read.is_open and failed.includes(CountCall):
            raise ProviderLimit(retry_after=wait) from failed
        if failed.includes(ReserveImage):
            self._metrics.add(Metric.REFUSED_PICTURES)
            return QuotaExceeded(retry_after=wait)
        self._metrics.add(Metric.REFUSED_CALLS)
        return CallsUsedUp(retry_after=wait)

    def _start(self, user_id: str, ordered: Message, job: Job, delivery: Delivery) -> Message:
        if ordered.waiting:
            self._channel.deliver(delivery)
            self._log.info("llm_handler_image_waits", message_id=ordered.id, job_id=job.id)
            return ordered
        started = self._executor.submit(self._starter.start, user_id, job)
        self._channel.deliver(delivery)
        try:
            started.result()
        except Failure as failure:
            self._log.warning("llm_handler_invoke_failed", job_id=job.id, reason=str(failure))
            return self._end.fail(user_id, ordered, failure, job)
        except Exception:  # noqa: BLE001 - every answer ends
            self._log.exception("llm_handler_invoke_failed", job_id=job.id)
            self._metrics.add(Metric.DEFECTS)
            return self._end.fail(user_id, ordered, Internal(), job)
        self._log.info("llm_handler_image_started", message_id=ordered.id, job_id=job.id)
        return ordered


def _stored(ordering: Transition) -> tuple[Message, Job]:
    """Message and job as the order has stored them."""
    (message,) = (c.message for c in ordering.changes if isinstance(c, ReplaceMessage))
    (job,) = (c.job for c in ordering.changes if isinstance(c, InsertJob))
    return message, job
