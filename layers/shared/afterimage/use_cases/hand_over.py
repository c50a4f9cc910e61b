"""Handing over: whoever paints is started for each picture that was ordered, beside the posts.

An invoke that fails is taken back: its slot ends, the picture goes back to its day.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import endings, turns
from afterimage.domain.changes import InsertJob
from afterimage.domain.endings import Ending
from afterimage.domain.errors import Failure, Internal
from afterimage.domain.events import MessageInserted
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.questions import Question
from afterimage.measured import milliseconds
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.posting import Posts
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.end_slots import EndSlots


class HandOver:
    """Has pictures painted whose jobs are stored.

    Args:
        executor: invokes the painter beside the posts.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        jobs: JobStore,
        starter: ImageStarter,
        end: EndAnswer,
        end_slots: EndSlots,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._starter = starter
        self._end = end
        self._end_slots = end_slots
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(
        self, question: Question, read: Message, delivery: Delivery, after: Posts
    ) -> Message:
        """The message with what was ordered, or without that for which nobody could be asked.

        Args:
            read: the answer as it was read for the order.
            delivery: of the order.
            after: posts under way, behind which it is told.
        """
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

    def again(self, user_id: str, message: Message) -> None:
        """Invoke once more where a function died before it could; the claim makes it harmless."""
        for job in self._jobs.some(user_id, [slot.id for slot in message.open_slots]):
            if job.status is JobStatus.RESERVED:
                self._failure_of(job, self._executor.submit(self._starter.start, user_id, job))

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
