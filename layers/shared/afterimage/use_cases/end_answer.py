"""Ends an answer, for the functions that give it. Whoever comes second learns how it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings, turns
from afterimage.domain.changes import Change
from afterimage.domain.channels import Channel
from afterimage.domain.endings import Ending
from afterimage.domain.errors import ChatDeleted, Failure, QuestionDeleted
from afterimage.domain.messages import Message, Status
from afterimage.domain.versions import Pair, standing
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Clock, Log
from afterimage.posting import NOTHING_POSTED, Posts
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.read_line import ReadLine


class EndAnswer:
    """Commits endings and posts them."""

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        lines: ReadLine,
        end: EndSlots,
        clock: Clock,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._lines = lines
        self._end = end
        self._clock = clock
        self._log = log

    def __call__(
        self,
        user_id: str,
        message: Message,
        ending: Callable[[Message], Ending],
        after: Posts = NOTHING_POSTED,
        channel: Channel | None = None,
    ) -> Message:
        """The message as it ended, or as it stands if it moved meanwhile.

        Args:
            ending: what becomes of it, once more where only its place in its line has changed.
            after: posts under way, behind which it is told.
            channel: a read made beforehand, to save the first round trip.

        Raises:
            ChatDeleted, QuestionDeleted, AccountDeleted: it went with one of these.
        """

        def still(now: Message) -> Ending | None:
            if now.version != message.version and not now.is_still(message):
                return None
            return ending(message.placed_as(now))

        return self._ended(user_id, message, still, after, channel)

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

        def ending(read: Message) -> Ending:
            now = self._clock.now()
            return endings.fail(read, failure, now, slots=slots, also=also, words=words)

        return self(user_id, message, ending, after)

    def keep_words(self, user_id: str, asked: Message, cancelled: Message, words: str) -> Message:
        """An answer that was cancelled while it was written, with the words of it.

        For want of words it may have given way. Then it comes back, unless something else has been
        chosen or asked since.

        Args:
            asked: as it was when the model was asked.
        """

        def ending(now: Message) -> Ending | None:
            is_same = now.status is Status.CANCELLED and now.try_version == asked.try_version
            if not is_same or now.text:
                return None
            return endings.keep_words(now, words, *self._coming_back(user_id, now))

        return self._ended(user_id, cancelled, ending, NOTHING_POSTED)

    def _coming_back(self, user_id: str, answer: Message) -> tuple[Message, Pair] | tuple[()]:
        """Its question, and what stands now where it may come back."""
        if answer.stands or answer.stood_before is None:
            return ()
        line = self._lines(user_id, answer.chat_id, answer.line)
        now = standing(line.pairs)
        if not line.is_last or now is None or now.question.id != answer.stood_before:
            return ()
        own = next((pair for pair in line.pairs if pair.answer.id == answer.id), None)
        return (own.question, now) if own is not None else ()

    def _ended(
        self,
        user_id: str,
        message: Message,
        ending: Callable[[Message], Ending | None],
        after: Posts,
        channel: Channel | None = None,
    ) -> Message:
        delivery = self._end.of_message(user_id, message, ending, channel)
        if delivery is None:
            return self.as_it_stands(user_id, message)
        self._channel.deliver(delivery, after)
        return turns.message_in(delivery.transition, message)

    def as_it_stands(self, user_id: str, message: Message) -> Message:
        """The message as it is stored now. Raises: ChatDeleted, QuestionDeleted."""
        stored = self._messages.get(user_id, message.chat_id, message.id)
        if stored is None:
            gone = self._lines.chat(user_id, message.chat_id) is None
            raise ChatDeleted if gone else QuestionDeleted
        return stored
