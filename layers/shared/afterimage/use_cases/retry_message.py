"""A failed or cancelled answer is tried again: the model is asked, or pictures are ordered, anew.

Of an answer with several pictures those are tried that failed or were cancelled, also beside
others that are still under way.

The click names the version it was made on, so a second click on the same failure finds a
newer version and buys nothing. A try counts as a message, and an answer has `MOST_TRIES` of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from afterimage.channel import UnifiedChannel
from afterimage.domain import quota
from afterimage.domain.changes import CountCall, CountMessage, ReplaceMessage, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import (
    AccountDeleted,
    MessageLimit,
    NotFailed,
    NotFound,
    ProviderLimit,
    RetryLimit,
    TooManyOpen,
)
from afterimage.domain.events import MessageUpdated
from afterimage.domain.limits import MOST_TRIES, Limits, ModelKind
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.questions import Question
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.models import ImageRequest
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.order_picture import OrderPicture
from afterimage.use_cases.think import Think

_ENDED_WITHOUT = frozenset({Status.FAILED, Status.CANCELLED})


@dataclass(frozen=True)
class Click:
    """Somebody asks to try an answer again.

    Attributes:
        version: of the message, as the page showed it.
        received_at: when the request came in.
        until: when the function that answers will be stopped.
    """

    user_id: str
    chat_id: str
    message_id: str
    version: int
    received_at: datetime
    until: datetime


class RetryMessage:
    """Tries an answer again, a text or a picture."""

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        think: Think,
        order: OrderPicture,
        end: EndAnswer,
        clock: Clock,
        limits: Limits,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._think = think
        self._order = order
        self._end = end
        self._clock = clock
        self._limits = limits
        self._log = log

    def __call__(self, click: Click) -> Message:
        """The message after the new try, or as it stands if it is no longer at that version.

        Raises:
            NotFound: there is no such answer.
            NotFailed: nothing of it failed or was cancelled.
            RetryLimit, TooManyOpen, MessageLimit, ProviderLimit: refused; nothing has changed.
        """
        self._log.about(message_id=click.message_id)
        with self._channel.reading(click.user_id) as channel:
            message = self._answer(click)
        if message.version != click.version:
            return message
        if not _may_be_tried(message):
            raise NotFailed
        if message.tries >= MOST_TRIES:
            raise RetryLimit
        try:
            if message.slots and message.prompt:
                wish = ImageRequest(
                    message.prompt,
                    message.aspect_ratio,
                    message.parts or "[]",
                    source_image_ids=message.source_image_ids,
                )
                asked = _question(click, message, message)
                return self._order(asked, message, wish, channel.result())
            return self._think_again(click, message, channel.result())
        except TooManyOpen:
            # It may be another click on this very message that took the last place.
            now = self._answer(click)
            if now.version == click.version:
                raise
            return now

    def _answer(self, click: Click) -> Message:
        message = self._messages.get(click.user_id, click.chat_id, click.message_id)
        if message is None or message.role is not Role.ASSISTANT:
            if self._channel.read(click.user_id).deleted:
                raise AccountDeleted
            raise NotFound
        return message

    # --- Text: ask the model once more ------------------------------------------------------

    def _think_again(self, click: Click, message: Message, channel: Channel) -> Message:
        asked = self._messages.get(click.user_id, click.chat_id, message.reply_to or "")
        if asked is None:
            raise NotFound("the message that was answered is gone")
        now = self._clock.now()
        day = quota.day_of(now)
        again = message.thinking_again(now + self._limits.text_deadline, click.until)
        reopening = Transition(
            (
                ReplaceMessage(again, message.version),
                CountMessage(day, self._limits.daily_messages),
                CountCall(ModelKind.TEXT, day, self._limits.text_calls),
            ),
            (MessageUpdated(again),),
            opens=1,
            open_limit=self._limits.open_messages,
        )
        try:
            delivery = self._channel.change(click.user_id, reopening, channel)
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._end.as_it_stands(click.user_id, message)
            limit = MessageLimit if failed.includes(CountMessage) else ProviderLimit
            raise limit(retry_after=quota.seconds_to_reset(now)) from failed
        return self._think(_question(click, asked, message), again, delivery)


def _may_be_tried(message: Message) -> bool:
    if message.slots:
        return any(slot.may_be_tried for slot in message.slots)
    return message.status in _ENDED_WITHOUT


def _question(click: Click, asked: Message, answer: Message) -> Question:
    return Question(
        user_id=click.user_id,
        chat_id=click.chat_id,
        message_id=asked.id,
        text=asked.text,
        aspect_ratio=answer.aspect_ratio,
        count=answer.count,
        image_ids=asked.image_ids,
        image_size=answer.image_size,
        image_model=answer.image_model,
        received_at=click.received_at,
        until=click.until,
    )
