"""Opening: a question is heard. Both messages are stored before any model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import clock_rule, ids, quota
from afterimage.domain.changes import (
    CheckImage,
    CountCall,
    CountMessage,
    InsertMessage,
    TouchChat,
    Transition,
)
from afterimage.domain.entities import TITLE_LENGTH, Channel, Image, Message, Role, Status
from afterimage.domain.errors import UnknownPicture
from afterimage.domain.events import MessageInserted
from afterimage.domain.limits import Limits, ModelKind
from afterimage.ports.chats import ImagesById
from afterimage.ports.system import Clock


@dataclass(frozen=True)
class Question:
    """A message somebody sent, validated.

    Attributes:
        message_id: the client's ULID, or one made for it.
        count: how many pictures, 1 to 4; None leaves it to the model.
        received_at: when the request came in.
        image_ids: pictures of the user's that it is about, each once.
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
    image_ids: tuple[str, ...] = ()

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

    def __init__(
        self, channel: UnifiedChannel, images: ImagesById, clock: Clock, limits: Limits
    ) -> None:
        self._channel = channel
        self._images = images
        self._clock = clock
        self._limits = limits

    def __call__(self, question: Question) -> Opened:
        """One transaction: both messages, their chat, and what they count for.

        Raises:
            ClockSkew: the id's time is more than five minutes off.
            UnknownPicture: the user has no such picture.
            TooManyOpen, AccountDeleted: refused.
            ConditionsFailed: a message with this id is there (`InsertMessage`), its chat is being
                deleted (`TouchChat`), a picture has just been deleted (`CheckImage`), or the day's
                messages (`CountMessage`) or calls of the model (`CountCall`) are used up.
        """
        now = self._clock.now()
        clock_rule.check(question.message_id, now)
        channel, attachments = self._read(question)
        user = Message(
            question.message_id,
            question.chat_id,
            Role.USER,
            question.text,
            now,
            image_ids=question.image_ids,
            attachments=attachments,
        )
        assistant = self._placeholder(question, now)
        opening = self._opening(user, assistant)
        return Opened(user, assistant, self._channel.change(question.user_id, opening, channel))

    def _read(self, question: Question) -> tuple[Channel | None, tuple[Image, ...]]:
        """Its pictures, beside the channel; without any the channel is read for the change."""
        if not question.image_ids:
            return None, ()
        with self._channel.reading(question.user_id) as channel:
            found = self._images.images(question.user_id, question.image_ids)
        by_id = {image.id: image for image in found}
        if missing := set(question.image_ids) - by_id.keys():
            raise UnknownPicture(f"{len(missing)} of {len(question.image_ids)}")
        return channel.result(), tuple(by_id[id_] for id_ in question.image_ids)

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
                *map(CheckImage, user.image_ids),
            ),
            events=(MessageInserted(user), MessageInserted(assistant)),
            opens=1,
            open_limit=self._limits.open_messages,
        )
