"""Opening: a question is heard. Both messages are stored before any model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import clock_rule, ids, quota
from afterimage.domain.changes import (
    CountCall,
    CountMessage,
    InsertMessage,
    TouchChat,
    Transition,
)
from afterimage.domain.entities import TITLE_LENGTH, Message, Role, Status
from afterimage.domain.events import MessageInserted
from afterimage.domain.limits import Limits, ModelKind
from afterimage.ports.system import Clock


@dataclass(frozen=True)
class Question:
    """A message somebody sent, validated.

    Attributes:
        message_id: the client's ULID, or one made for it.
        count: how many pictures, 1 to 4; None leaves it to the model.
        received_at: when the request came in.
        until: when the function that answers will be stopped.
    """

    user_id: str
    chat_id: str
    message_id: str
    text: str
    aspect_ratio: str | None
    received_at: datetime
    until: datetime
    count: int | None = None

    @property
    def answer_id(self) -> str:
        """Id of the message that answers it."""
        return ids.assistant_message_id(self.chat_id, self.message_id)


@dataclass(frozen=True)
class Opened:
    """Both messages as stored, and their frames, which are still to be posted."""

    user: Message
    assistant: Message
    delivery: Delivery


class OpenQuestion:
    """Stores a question and the placeholder of its answer."""

    def __init__(self, channel: UnifiedChannel, clock: Clock, limits: Limits) -> None:
        self._channel = channel
        self._clock = clock
        self._limits = limits

    def __call__(self, question: Question) -> Opened:
        """One transaction: both messages, their chat, and what they count for.

        Raises:
            ClockSkew: the id's time is more than five minutes off.
            TooManyOpen, AccountDeleted: refused.
            ConditionsFailed: a message with this id is there (`InsertMessage`), its chat is being
                deleted (`TouchChat`), or the day's messages (`CountMessage`) or calls of the model
                (`CountCall`) are used up.
        """
        now = self._clock.now()
        clock_rule.check(question.message_id, now)
        user = Message(question.message_id, question.chat_id, Role.USER, question.text, now)
        assistant = self._placeholder(question, now)
        opening = self._opening(user, assistant)
        return Opened(user, assistant, self._channel.change(question.user_id, opening))

    def _placeholder(self, question: Question, now: datetime) -> Message:
        return Message(
            question.answer_id,
            question.chat_id,
            Role.ASSISTANT,
            "",
            now + timedelta(milliseconds=1),
            status=Status.THINKING,
            aspect_ratio=question.aspect_ratio,
            count=question.count,
            reply_to=question.message_id,
            deadline=now + self._limits.text_deadline,
            lease_until=question.until,
        )

    def _opening(self, user: Message, assistant: Message) -> Transition:
        now = user.created_at
        day = quota.day_of(now)
        return Transition(
            changes=(
                InsertMessage(user),
                InsertMessage(assistant),
                TouchChat(user.chat_id, user.text[:TITLE_LENGTH], now),
                CountMessage(day, self._limits.daily_messages),
                CountCall(ModelKind.TEXT, day, self._limits.text_calls),
            ),
            events=(MessageInserted(user), MessageInserted(assistant)),
            opens=1,
            open_limit=self._limits.open_messages,
        )
