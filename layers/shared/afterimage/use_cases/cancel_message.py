"""A user no longer wants an answer: it ends for them at once, whatever still runs."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import Change, MoveJob, RefundImage, ReplaceMessage, Transition
from afterimage.domain.entities import Channel, Message, Role, Status
from afterimage.domain.errors import Busy, ConditionsFailed, NotFound, NotRunning
from afterimage.domain.events import MessageUpdated
from afterimage.domain.job_life import Move, effect_of, may, moved
from afterimage.ports import Clock, JobStore, Log, MessageReader

# A job moves at most twice while it is being cancelled: claimed, or rescued.
_TRIES = 4


class CancelMessage:
    """Cancels an open answer.

    Args:
        upload_time: how long a function that runs now may still upload.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._clock = clock
        self._upload_time = upload_time
        self._log = log

    def __call__(self, user_id: str, chat_id: str, message_id: str, version: int) -> Message:
        """The message as cancelled, or as it stands if it is no longer at `version`.

        Raises:
            NotFound: there is no such answer.
            NotRunning: it has ended.
        """
        with self._channel.reading(user_id) as channel:
            return self._cancel(user_id, chat_id, message_id, version, channel)

    def _cancel(
        self,
        user_id: str,
        chat_id: str,
        message_id: str,
        version: int,
        channel: Future[Channel],
    ) -> Message:
        for number in range(_TRIES):
            message = self._answer(user_id, chat_id, message_id)
            if message.version != version:
                return message
            if not message.is_open:
                raise NotRunning
            changes = self._changes(user_id, message)
            if changes is None:
                continue
            cancelled = message.cancelled()
            transition = Transition(
                (ReplaceMessage(cancelled, version), *changes),
                (MessageUpdated(cancelled),),
                opens=-1,
            )
            try:
                known = channel.result() if number == 0 else None
                delivery = self._channel.change(user_id, transition, known)
            except ConditionsFailed:
                continue  # claimed, rescued or ended in between: look again
            self._log.info("message_cancelled", message_id=message.id)
            self._channel.deliver(delivery)
            return cancelled
        raise Busy("the message kept moving")

    def _answer(self, user_id: str, chat_id: str, message_id: str) -> Message:
        if not ids.is_chat_id(chat_id) or not ids.is_ulid(message_id):
            raise NotFound
        self._log.about(message_id=message_id)
        message = self._messages.get(user_id, chat_id, message_id)
        if message is None or message.role is not Role.ASSISTANT:
            raise NotFound
        return message

    def _changes(self, user_id: str, message: Message) -> tuple[Change, ...] | None:
        """What happens to the job; None if it ended a moment ago, and the message with it."""
        if message.status is not Status.GENERATING:
            return ()
        job = self._jobs.get(user_id, message.job_id or "")
        if job is None or not may(job, Move.CANCEL):
            return None
        now = self._clock.now()
        cancelled = moved(job, Move.CANCEL, now, purge_at=now + self._upload_time)
        refund = (RefundImage(job.quota_day),) if effect_of(job, Move.CANCEL).refunds else ()
        return (MoveJob(job, cancelled), *refund)
