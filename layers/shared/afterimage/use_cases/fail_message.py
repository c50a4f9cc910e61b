"""Ends an open message, and the job behind it, when nobody else is going to."""

from __future__ import annotations

from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.endings import Ending
from afterimage.domain.entities import Message, Status
from afterimage.domain.errors import AccountDeleted, Failure
from afterimage.domain.job_life import Move, may
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.jobs import JobStore
from afterimage.ports.system import Clock, Log


class FailMessage:
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
        with self._channel.reading(user_id) as channel:
            ending = self._ending(user_id, message, failure)
        try:
            delivery = self._channel.change(user_id, ending.transition, channel.result())
        except (ConditionsFailed, AccountDeleted) as refused:
            self._log.info("keeper_message_not_ended", message_id=message.id, reason=str(refused))
            return False
        self._log.warning(
            "keeper_message_ended",
            message_id=message.id,
            code=failure.code,
            was=message.status.value,
        )
        self._channel.deliver(delivery)
        return True

    def _ending(self, user_id: str, message: Message, failure: Failure) -> Ending:
        job = None
        if message.status is Status.GENERATING:
            job = self._jobs.get(user_id, message.job_id or "")
        if job is not None and not may(job, Move.FAIL):
            job = None
        now = self._clock.now()
        return endings.fail(message, failure, now, job, purge_at=now + self._upload_time)
