"""The life of one chat message: heard, thought about, answered or handed to the painter.

    opening     `OpenQuestion`: both messages are stored, before any model is asked; or
    taking      `TakeFromStock`: a picture of what was asked is there already, and that is all; or
    painting    `PaintQuestion`: they are stored with an order of pictures, without a text model
    thinking    `Think`: both are shown; the text model is asked, with the chat's history
    replying    its text ends the answer, or
    ordering    `OrderPicture`: its wish for a picture reserves quota; `HandOver` starts the painter
    failing     whatever goes wrong ends the answer with a reason

A repeat of the same request finds what the first made, and goes on where that died. Every ending
is written by `domain/endings.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from afterimage.channel import UnifiedChannel
from afterimage.domain import quota
from afterimage.domain.changes import (
    CheckImage,
    CountCall,
    CountMessage,
    InsertMessage,
    ReplaceMessage,
    TouchChat,
    Transition,
)
from afterimage.domain.errors import (
    AccountDeleted,
    Busy,
    CallsUsedUp,
    ChatDeleted,
    ClockSkew,
    IdReused,
    Invalid,
    MessageLimit,
    NotEnded,
    NotLast,
    ProviderLimit,
    Refused,
    TooManyOpen,
    UnknownPicture,
)
from afterimage.domain.events import MessageUpdated
from afterimage.domain.limits import Limits, ModelKind
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.questions import Question
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.hand_over import HandOver
from afterimage.use_cases.open_question import Opened, OpenQuestion
from afterimage.use_cases.paint_question import PaintQuestion
from afterimage.use_cases.think import Think

# Whether it is the same request again is looked at before any of these is told.
_LOOKED_AT_FIRST = (
    ConditionsFailed,
    TooManyOpen,
    ClockSkew,
    Invalid,
    ProviderLimit,
    ChatDeleted,
    NotLast,
    NotEnded,
    Busy,
)
# What is replaced may be changing while we look.
_TRIES = 4


@dataclass(frozen=True)
class Answer:
    """Both messages as they stand; `assistant.status` says how far it came."""

    user: Message
    assistant: Message


class AnswerMessage:
    """Answers one question."""

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        open_question: OpenQuestion,
        think: Think,
        hand_over: HandOver,
        end: EndAnswer,
        paint: PaintQuestion,
        take: Callable[[Question], tuple[Message, Message] | None],
        note: Callable[[str, Message], None],
        attach: Attach,
        clock: Clock,
        limits: Limits,
        log: Log,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._open = open_question
        self._think = think
        self._hand_over = hand_over
        self._end = end
        self._paint = paint
        self._take = take
        self._note = note
        self._attach = attach
        self._clock = clock
        self._limits = limits
        self._log = log

    def __call__(self, question: Question) -> Answer:
        """Answer, or say how an earlier request with the same id was or is being answered.

        Raises:
            Refused: nothing was stored.
        """
        if (taken := self._take(question)) is not None:
            return Answer(*taken)
        try:
            heard = self._heard(question)
        except _LOOKED_AT_FIRST as refusal:
            return self._repeat_or_refuse(question, refusal)
        self._note(question.user_id, heard.user)
        if isinstance(heard, Answer):
            return self._placed(question, heard.user, heard.assistant)
        self._log.about(message_id=heard.assistant.id)
        self._log.info("llm_handler_placeholder_stored", message_id=heard.assistant.id)
        assistant = self._think(question, heard.assistant, heard.delivery)
        return self._placed(question, heard.user, assistant)

    def _heard(self, question: Question) -> Opened | Answer:
        """It is stored; looked at once more where what it replaces was just changing."""
        for _ in range(_TRIES):
            try:
                return Answer(*self._paint(question)) if question.paint else self._open(question)
            except ConditionsFailed as failed:
                if not _is_of_its_line(question, failed):
                    raise
        raise Busy("what is replaced kept changing")

    def _placed(self, question: Question, user: Message, assistant: Message) -> Answer:
        """Both messages; the answer may not stand any more, and then neither does its question."""
        now = None if user.stands == assistant.stands else self._stored(question, user.id)
        return Answer(user if now is None else user.placed_as(now), assistant)

    # --- The same request again -------------------------------------------------------------

    def _repeat_or_refuse(self, question: Question, why: Exception) -> Answer:
        user = self._stored(question, question.message_id)
        if user is None:
            if self._channel.read(question.user_id).deleted:
                raise AccountDeleted from why
            raise _refusal(why, self._clock.now()) from why
        asked = question.text, question.image_ids
        if user.role is not Role.USER or (user.text, user.image_ids) != asked:
            raise IdReused
        assistant = self._stored(question, question.answer_id)
        if assistant is None:
            raise IdReused("the answer to this message has been deleted")
        (attached,) = self._attach(question.user_id, [user])
        return Answer(attached, self._go_on(question, assistant))

    def _go_on(self, question: Question, assistant: Message) -> Message:
        """Take over where a function died; otherwise the answer as it stands."""
        self._log.about(message_id=assistant.id)
        if not assistant.is_open or not self._is_abandoned(assistant):
            return assistant
        if assistant.status is Status.GENERATING:
            self._hand_over.again(question.user_id, assistant)
            return assistant
        return self._take_over(question, assistant)

    def _is_abandoned(self, assistant: Message) -> bool:
        return assistant.lease_until is not None and assistant.lease_until < self._clock.now()

    def _take_over(self, question: Question, assistant: Message) -> Message:
        """Another call of the model: nobody knows whether the one that died was billed."""
        now = self._clock.now()
        ours = replace(assistant, version=assistant.version + 1, lease_until=question.until)
        call = CountCall(ModelKind.TEXT, quota.day_of(now), self._limits.text_calls)
        change = Transition(
            (ReplaceMessage(ours, assistant.version), call), (MessageUpdated(ours),)
        )
        try:
            delivery = self._channel.change(question.user_id, change)
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._end.as_it_stands(question.user_id, assistant)
            used_up = CallsUsedUp(retry_after=quota.seconds_to_reset(now))
            return self._end.fail(question.user_id, assistant, used_up)
        self._log.info("llm_handler_message_taken_over", message_id=assistant.id)
        first = replace(
            question,
            aspect_ratio=ours.aspect_ratio,
            count=ours.count,
            image_size=ours.image_size,
            image_model=ours.image_model,
        )
        return self._think(first, ours, delivery)

    def _stored(self, question: Question, message_id: str) -> Message | None:
        return self._messages.get(question.user_id, question.chat_id, message_id)


def _is_of_its_line(question: Question, failed: ConditionsFailed) -> bool:
    """Whether what it replaces has changed, so that another look says more."""
    is_new = not failed.includes(InsertMessage)
    moved = failed.includes(TouchChat) or failed.includes(ReplaceMessage)
    return question.replaces is not None and is_new and moved


def _refusal(why: Exception, now: datetime) -> Refused:
    if isinstance(why, Refused):
        return why
    wait = quota.seconds_to_reset(now)
    if isinstance(why, ConditionsFailed):
        if why.includes(TouchChat):
            return ChatDeleted()
        if why.includes(CheckImage):
            return UnknownPicture()
        if why.includes(CountMessage):
            return MessageLimit(retry_after=wait)
    return ProviderLimit(retry_after=wait)
