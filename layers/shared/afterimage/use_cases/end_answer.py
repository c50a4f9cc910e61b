"""Ends an answer, for the functions that give it. Whoever comes second learns how it stands."""

from __future__ import annotations

from collections.abc import Collection

from afterimage.channel import NOTHING_POSTED, Posts, UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.changes import Change
from afterimage.domain.endings import Ending
from afterimage.domain.entities import Message
from afterimage.domain.errors import ChatDeleted, Failure
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Clock, Log


class EndAnswer:
    """Commits endings and posts them."""

    def __init__(
        self, channel: UnifiedChannel, messages: MessageReader, clock: Clock, log: Log
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, ending: Ending, after: Posts = NOTHING_POSTED) -> Message:
        """The message as it ended, or as it stands if it moved meanwhile.

        Args:
            after: posts under way, behind which it is told.

        Raises:
            ChatDeleted, AccountDeleted: it went with its chat or its account.
        """
        try:
            delivery = self._channel.change(user_id, ending.transition)
        except ConditionsFailed:
            return self.as_it_stands(user_id, ending.message)
        self._channel.deliver(delivery, after)
        return ending.message

    def fail(
        self,
        user_id: str,
        message: Message,
        failure: Failure,
        slots: Collection[str] = (),
        also: tuple[Change, ...] = (),
        words: str = "",
        after: Posts = NOTHING_POSTED,
    ) -> Message:
        """The same of an answer that ends with a reason, which is logged.

        Args:
            slots: ids of those that end, where it has any; none has a job.
            also: further changes of the same transaction.
            words: what the model had written, where it broke off.
            after: posts under way, behind which it is told.
        """
        self._log.warning(
            "llm_handler_message_failed",
            message_id=message.id,
            code=failure.code,
            reason=str(failure),
        )
        now = self._clock.now()
        ending = endings.fail(message, failure, now, slots=slots, also=also, words=words)
        return self(user_id, ending, after)

    def as_it_stands(self, user_id: str, message: Message) -> Message:
        """The message as it is stored now. Raises: ChatDeleted."""
        stored = self._messages.get(user_id, message.chat_id, message.id)
        if stored is None:
            raise ChatDeleted
        return stored
