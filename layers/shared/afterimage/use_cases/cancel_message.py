"""A user no longer wants an answer: it ends for them at once, whatever still runs."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings, ids, turns
from afterimage.domain.channels import Channel
from afterimage.domain.endings import Ending
from afterimage.domain.errors import NotFound, NotRunning
from afterimage.domain.job_life import Move
from afterimage.domain.messages import Message, Role
from afterimage.ports.channel import LostRace
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.end_slots import EndSlots


class CancelMessage:
    """Cancels an open answer, with all of its pictures that are open.

    Args:
        upload_time: how long a function that runs now may still upload.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        end: EndSlots,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._end = end
        self._clock = clock
        self._upload_time = upload_time
        self._log = log

    def __call__(self, user_id: str, chat_id: str, message_id: str, version: int) -> Message:
        """The message as cancelled, or as it stands if `version` is not one of this try.

        Raises:
            NotFound: there is no such answer.
            NotRunning: it has ended.
            Busy: it kept moving.
        """
        with self._channel.reading(user_id) as channel:
            message = self._answer(user_id, chat_id, message_id)
            if version > message.version:
                return message
            return self._cancel(user_id, message, version, channel)

    def _cancel(
        self, user_id: str, message: Message, version: int, channel: Future[Channel]
    ) -> Message:
        looked_at = message

        def ending(now: Message) -> Ending | None:
            nonlocal looked_at
            looked_at = now
            is_running = now.is_open and now.try_version <= version
            return self._ending(user_id, now) if is_running else None

        delivery = self._end.of_message(user_id, message, ending, channel, if_jobs_moved=True)
        if delivery is None:
            if looked_at.version == version:
                raise NotRunning if not looked_at.is_open else NotFound
            return looked_at  # it ended in between, or is tried again
        self._log.info("message_cancelled", message_id=message.id)
        self._channel.deliver(delivery)
        return turns.message_in(delivery.transition, message)

    def _answer(self, user_id: str, chat_id: str, message_id: str) -> Message:
        if not ids.is_chat_id(chat_id) or not ids.is_ulid(message_id):
            raise NotFound
        self._log.about(message_id=message_id)
        message = self._messages.get(user_id, chat_id, message_id)
        if message is None or message.role is not Role.ASSISTANT:
            raise NotFound
        return message

    def _ending(self, user_id: str, message: Message) -> Ending:
        open_slots = [slot.id for slot in message.open_slots]
        jobs = self._end.running(user_id, open_slots, Move.CANCEL)
        if len(jobs) < len(open_slots):
            raise LostRace("a job ended, or is not seen yet, that its message waits for")
        now = self._clock.now()
        return endings.cancel(message, jobs, now, purge_at=now + self._upload_time)
