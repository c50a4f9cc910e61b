"""A user no longer wants an answer: it ends for them at once, whatever still runs."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings, ids
from afterimage.domain.endings import Ending
from afterimage.domain.entities import Channel, Message, Role, Status
from afterimage.domain.errors import Busy, NotFound, NotRunning
from afterimage.domain.job_life import Move, may
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.system import Clock, Log

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
            ending = self._ending(user_id, message)
            if ending is None:
                continue
            try:
                known = channel.result() if number == 0 else None
                delivery = self._channel.change(user_id, ending.transition, known)
            except ConditionsFailed:
                continue  # claimed, rescued or ended in between: look again
            self._log.info("message_cancelled", message_id=message.id)
            self._channel.deliver(delivery)
            return ending.message
        raise Busy("the message kept moving")

    def _answer(self, user_id: str, chat_id: str, message_id: str) -> Message:
        if not ids.is_chat_id(chat_id) or not ids.is_ulid(message_id):
            raise NotFound
        self._log.about(message_id=message_id)
        message = self._messages.get(user_id, chat_id, message_id)
        if message is None or message.role is not Role.ASSISTANT:
            raise NotFound
        return message

    def _ending(self, user_id: str, message: Message) -> Ending | None:
        """None if the job ended a moment ago, and the message with it."""
        job = None
        if message.status is Status.GENERATING:
            job = self._jobs.get(user_id, message.job_id or "")
            if job is None or not may(job, Move.CANCEL):
                return None
        now = self._clock.now()
        return endings.cancel(message, job, now, purge_at=now + self._upload_time)
