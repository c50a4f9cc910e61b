"""Ends an open message, and the job behind it, when nobody else is going to."""

from __future__ import annotations

from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import Change, MoveJob, RefundImage, ReplaceMessage, Transition
from afterimage.domain.entities import Message, Status
from afterimage.domain.errors import AccountDeleted, ConditionsFailed, Failure
from afterimage.domain.events import MessageUpdated
from afterimage.domain.job_life import Move, may, moved
from afterimage.ports import Clock, JobStore, Log


class EndMessage:
    """Fails an open message. Twice, or twice at once, is the same as once.

    Args:
        upload_time: how long a function that runs now may still upload.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        jobs: JobStore,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._clock = clock
        self._upload_time = upload_time
        self._log = log

    def __call__(self, user_id: str, message: Message, failure: Failure) -> bool:
        """Whether it was this call that ended the message."""
        failed = message.failed(failure, self._clock.now())
        with self._channel.reading(user_id) as channel:
            changes = (
                ReplaceMessage(failed, message.version),
                *self._job_changes(user_id, message, failure),
            )
        transition = Transition(changes, (MessageUpdated(failed),), opens=-1)
        try:
            delivery = self._channel.change(user_id, transition, channel.result())
        except (ConditionsFailed, AccountDeleted):
            return False
        self._log.warning(
            "keeper_message_ended",
            message_id=message.id,
            code=failure.code,
            was=message.status.value,
        )
        self._channel.deliver(delivery)
        return True

    def _job_changes(self, user_id: str, message: Message, failure: Failure) -> list[Change]:
        if message.status is not Status.GENERATING:
            return []
        job = self._jobs.get(user_id, message.job_id or "")
        if job is None or not may(job, Move.FAIL):
            return []
        now = self._clock.now()
        ended = moved(
            job, Move.FAIL, now, error_code=failure.code, purge_at=now + self._upload_time
        )
        return [MoveJob(job, ended), RefundImage(job.quota_day)]
