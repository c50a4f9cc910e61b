"""A function that painted has died: its job gets one more attempt, or its end."""

from __future__ import annotations

from dataclasses import dataclass

from afterimage.domain.errors import Failure, Internal, TimedOut
from afterimage.domain.job_life import Move, may, moved
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.metrics import Metric
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.end_slots import is_for
from afterimage.use_cases.fail_message import FailMessage
from afterimage.use_cases.repost_events import RepostEvents

_ENDED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})
_WAITED_TOO_LONG = "EventAgeExceeded"


@dataclass(frozen=True)
class FailedInvocation:
    """What Lambda's on-failure record says of an invocation of `image_generate`.

    Attributes:
        request_id: of that invocation.
        condition: `RetriesExhausted` or `EventAgeExceeded`.
    """

    user_id: str
    job_id: str
    attempt: int
    request_id: str
    condition: str


class RescueJob:
    """Decides what becomes of a job whose function failed."""

    def __init__(
        self,
        jobs: JobStore,
        messages: MessageReader,
        starter: ImageStarter,
        end: FailMessage,
        repost: RepostEvents,
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._jobs = jobs
        self._messages = messages
        self._starter = starter
        self._end = end
        self._repost = repost
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __call__(self, failed: FailedInvocation) -> None:
        """Start attempt 2, end the job, or post again what a dead function did not post."""
        self._metrics.add(Metric.INVOCATIONS_FAILED)
        self._log.warning("keeper_invocation_failed", condition=failed.condition)
        job = self._jobs.get(failed.user_id, failed.job_id)
        if job is None:
            self._log.warning("keeper_unknown_job", job_id=failed.job_id)
        elif job.status in _ENDED:
            # It may have died between its transaction and its posts.
            self._repost(failed.user_id, job)
        elif job.attempt == failed.attempt + 1 and job.status is JobStatus.RESERVED:
            # A keeper may have died before it could invoke; the claim makes it harmless.
            self._start(failed.user_id, job)
        elif job.attempt != failed.attempt:
            self._log.info("keeper_later_attempt_runs", job_id=job.id, attempt=job.attempt)
        elif job.status is JobStatus.RUNNING and job.claimed_by != failed.request_id:
            # What failed was a second delivery; the first one is at work.
            self._log.info("keeper_duplicate_ignored", job_id=job.id)
        elif failed.condition == _WAITED_TOO_LONG:
            self._give_up(failed.user_id, job, TimedOut("no free slot in time"))
        elif may(job, Move.RESCUE):
            self._try_again(failed.user_id, job)
        else:
            self._give_up(failed.user_id, job, Internal("the last attempt died"))

    def _try_again(self, user_id: str, job: Job) -> None:
        rescued = moved(job, Move.RESCUE, self._clock.now())
        if not self._jobs.move(user_id, job, rescued) and not self._is_reserved(user_id, rescued):
            self._log.info("keeper_job_moved_on", job_id=job.id)
            return
        self._log.warning("keeper_job_rescued", job_id=job.id, attempt=rescued.attempt)
        self._start(user_id, rescued)

    def _is_reserved(self, user_id: str, rescued: Job) -> bool:
        """Whether the job was rescued all the same: by us, the answer lost, or by a twin."""
        now = self._jobs.get(user_id, rescued.id)
        return now is not None and (now.status, now.attempt) == (rescued.status, rescued.attempt)

    def _start(self, user_id: str, job: Job) -> None:
        try:
            self._starter.start(user_id, job)
        except Failure as failure:
            self._give_up(user_id, job, failure)

    def _give_up(self, user_id: str, job: Job, failure: Failure) -> None:
        message = self._messages.get(user_id, job.chat_id, job.message_id)
        if message is not None and is_for(message, job):
            self._end(user_id, message, failure, [job.id])
