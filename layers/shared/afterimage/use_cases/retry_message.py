"""A failed or cancelled answer is tried again: a new job for the same message.

The click names the version it was made on, so a second click on the same failure finds a
newer version and buys nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import aspect_ratios, ids, quota
from afterimage.domain.changes import (
    Change,
    CountMessage,
    InsertJob,
    ReplaceMessage,
    ReserveImage,
    Transition,
)
from afterimage.domain.entities import Channel, Job, Message, MessageType, Role, Status
from afterimage.domain.errors import (
    AccountDeleted,
    ConditionsFailed,
    MessageLimit,
    NotFailed,
    NotFound,
    QuotaExceeded,
    TooManyOpen,
)
from afterimage.domain.events import MessageUpdated
from afterimage.domain.metrics import Metric
from afterimage.ports import Clock, Log, MessageReader, Metrics
from afterimage.use_cases.answer_message import AnswerMessage, Limits, Question

_RETRYABLE = frozenset({Status.FAILED, Status.CANCELLED})


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
        answering: AnswerMessage,
        channel: UnifiedChannel,
        messages: MessageReader,
        clock: Clock,
        limits: Limits,
        image_model: str,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._answering = answering
        self._channel = channel
        self._messages = messages
        self._clock = clock
        self._limits = limits
        self._image_model = image_model
        self._log = log
        self._metrics = metrics

    def __call__(self, click: Click) -> Message:
        """The message after the new try, or as it stands if it is no longer at that version.

        Raises:
            NotFound: there is no such answer.
            NotFailed: it did not fail.
            TooManyOpen, MessageLimit: refused; nothing has changed.
        """
        self._log.about(message_id=click.message_id)
        with self._channel.reading(click.user_id) as channel:
            message = self._answer(click)
        if message.version != click.version:
            return message
        if message.status not in _RETRYABLE:
            raise NotFailed
        try:
            if message.type is MessageType.IMAGE and message.prompt:
                return self._paint_again(click, message, message.prompt, channel.result())
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
        again = message.thinking_again(now + self._limits.text_deadline, click.until)
        counted = CountMessage(quota.day_of(now), self._limits.daily_messages)
        try:
            delivery = self._reopen(click, channel, message, again, counted)
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._answer(click)
            raise MessageLimit(retry_after=quota.seconds_to_reset(now)) from failed
        return self._answering.think(_question(click, asked, message), again, delivery)

    # --- Picture: a new job -----------------------------------------------------------------

    def _paint_again(
        self, click: Click, message: Message, prompt: str, channel: Channel
    ) -> Message:
        now = self._clock.now()
        job = Job(
            id=ids.job_id(click.chat_id, message.id, message.tries + 1),
            chat_id=click.chat_id,
            message_id=message.id,
            message_version=message.version + 1,
            prompt=prompt,
            aspect_ratio=aspect_ratios.chosen(message.aspect_ratio, None),
            quota_day=quota.day_of(now),
            model=self._image_model,
            created_at=now,
        )
        ordered = replace(
            message.generating(
                job, message.parts or "[]", now + self._limits.image_deadline, click.until
            ),
            tries=message.tries + 1,
        )
        reserved = ReserveImage(job.quota_day, self._limits.daily_images)
        try:
            delivery = self._reopen(click, channel, message, ordered, reserved, InsertJob(job))
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._answer(click)
            return self._say_quota_is_used_up(click, message)
        return self._answering.start(_question(click, message, message), ordered, job, delivery)

    def _say_quota_is_used_up(self, click: Click, message: Message) -> Message:
        now = self._clock.now()
        self._metrics.add(Metric.REFUSED_PICTURES)
        failure = QuotaExceeded(retry_after=quota.seconds_to_reset(now))
        failed = message.failed(failure, now)
        transition = Transition(
            (ReplaceMessage(failed, message.version),), (MessageUpdated(failed),)
        )
        try:
            delivery = self._channel.change(click.user_id, transition)
        except ConditionsFailed:
            return self._answer(click)
        self._channel.deliver(delivery)
        return failed

    def _reopen(
        self, click: Click, channel: Channel, read: Message, again: Message, *also: Change
    ) -> Delivery:
        transition = Transition(
            (ReplaceMessage(again, read.version), *also),
            (MessageUpdated(again),),
            opens=1,
            open_limit=self._limits.open_messages,
        )
        return self._channel.change(click.user_id, transition, channel)


def _question(click: Click, asked: Message, answer: Message) -> Question:
    return Question(
        user_id=click.user_id,
        chat_id=click.chat_id,
        message_id=asked.id,
        text=asked.text,
        aspect_ratio=answer.aspect_ratio,
        received_at=click.received_at,
        until=click.until,
    )
