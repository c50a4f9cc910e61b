"""Ends an open message, or pictures of it, with their jobs, when nobody else is going to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.endings import Ending
from afterimage.domain.errors import AccountDeleted, Busy, Failure
from afterimage.domain.job_life import Move
from afterimage.domain.messages import Message
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.end_slots import EndSlots


class FailMessage:
    """Fails an open message. Twice, or twice at once, is the same as once.

    Args:
        upload_time: how long a function that runs now may still upload.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        end: EndSlots,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
    ) -> None:
        self._channel = channel
        self._end = end
        self._clock = clock
        self._upload_time = upload_time
        self._log = log

    def __call__(
        self,
        user_id: str,
        message: Message,
        failure: Failure,
        slots: Collection[str] | None = None,
    ) -> bool:
        """Whether it was this call that ended something.

        Args:
            slots: ids of those to end; None for all that are open.
        """
        wanted = {slot.id for slot in message.open_slots} if slots is None else set(slots)

        def ending(now: Message) -> Ending | None:
            still = [slot.id for slot in now.open_slots if slot.id in wanted]
            is_same = bool(still) if wanted else now.is_open and now.version == message.version
            return self._ending(user_id, now, failure, still) if is_same else None

        try:
            with self._channel.reading(user_id) as channel:
                delivery = self._end.of_message(
                    user_id, message, ending, channel, if_jobs_moved=False
                )
        except (AccountDeleted, Busy) as refused:
            self._log.info("keeper_message_not_ended", message_id=message.id, reason=str(refused))
            return False
        if delivery is None:
            self._log.info("keeper_message_not_ended", message_id=message.id, reason="moved on")
            return False
        self._log.warning(
            "keeper_message_ended",
            message_id=message.id,
            code=failure.code,
            was=message.status.value,
        )
        self._channel.deliver(delivery)
        return True

    def _ending(
        self, user_id: str, message: Message, failure: Failure, slots: Collection[str]
    ) -> Ending:
        jobs = self._end.running(user_id, [*slots], Move.FAIL) if slots else []
        now = self._clock.now()
        purge_at = now + self._upload_time
        return endings.fail(message, failure, now, jobs, slots, purge_at=purge_at)
