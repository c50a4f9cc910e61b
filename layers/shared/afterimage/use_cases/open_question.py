"""Opening: a question is heard. Both messages are stored before any model is asked.

`OpenQuestion` stores it for the text model; what goes straight to the painter begins with the same
`Opening` (`use_cases/paint_question.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import clock_rule, quota
from afterimage.domain.changes import (
    Change,
    CheckImage,
    CountCall,
    CountMessage,
    InsertMessage,
    TouchChat,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.chats import TITLE_LENGTH
from afterimage.domain.errors import ChatDeleted, NotEnded, NotLast, UnknownPicture
from afterimage.domain.events import MessageInserted
from afterimage.domain.images import Image
from afterimage.domain.limits import Limits, ModelKind
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.questions import Question
from afterimage.domain.versions import Pair, Told, displaced, standing
from afterimage.ports.chats import ImagesById
from afterimage.ports.system import Clock
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.read_line import ReadLine


@dataclass(frozen=True)
class Opening:
    """A question that may be stored.

    Attributes:
        assistant: the placeholder of its answer.
        channel: as it was read beside what the question names; None if nothing was read.
        limits: that it is held against.
        instead_of: the pair that does not stand any more once it is asked.
    """

    user: Message
    assistant: Message
    channel: Channel | None
    limits: Limits
    instead_of: Pair | None = None

    @property
    def day(self) -> str:
        """The UTC day that it counts for."""
        return quota.day_of(self.user.created_at)

    def storing(self, assistant: Message, *counted: Change, is_first: bool = False) -> Transition:
        """What stores it: both messages and their chat.

        Args:
            assistant: the answer, as far as it has come.
            counted: what else is decided with it.
            is_first: it holds only as the first question of its chat.
        """
        asked, limits = self._placed(assistant), self.limits
        user, others = asked.question, self._displaced(asked)
        title = user.text[:TITLE_LENGTH]
        chat = TouchChat(
            user.chat_id,
            title,
            user.created_at,
            is_first,
            user.line,
            is_last=self.instead_of is not None,
        )
        return Transition(
            changes=(
                InsertMessage(user),
                InsertMessage(asked.answer),
                chat,
                CountMessage(self.day, limits.daily_messages),
                *counted,
                *map(CheckImage, user.image_ids),
                *others[0],
            ),
            events=(MessageInserted(user), MessageInserted(asked.answer), *others[1]),
            opens=1 if assistant.is_open else 0,
            open_limit=limits.open_messages,
        )

    def _placed(self, assistant: Message) -> Pair:
        """Both messages, which do not stand where the answer fails at once in another's place."""
        if self.instead_of is None or assistant.is_open or assistant.has_something:
            return Pair(self.user, assistant)
        return Pair(replace(self.user, stands=False), replace(assistant, stands=False))

    def _displaced(self, asked: Pair) -> Told:
        if self.instead_of is None or not asked.stands:
            return (), ()
        return displaced(self.instead_of)


@dataclass(frozen=True)
class Opened:
    """Both messages as stored, and their frames, which are still to be posted."""

    user: Message
    assistant: Message
    delivery: Delivery


class OpenQuestion:
    """Stores a question and the placeholder of its answer."""

    def __init__(
        self,
        channel: UnifiedChannel,
        images: ImagesById,
        painters: ChoosePainter,
        lines: ReadLine,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._channel = channel
        self._images = images
        self._lines = lines
        self._painters = painters
        self._clock = clock
        self._limits = limits

    def __call__(self, question: Question) -> Opened:
        """One transaction: both messages, their chat, and what they count for.

        Raises:
            ClockSkew: the id's time is more than five minutes off.
            UnknownPicture: the user has no such picture.
            Invalid: the image model is unknown, or has no such size or shape.
            ChatDeleted, NotLast, NotEnded: what it replaces is not there, not of the chat's last
                line, or not answered yet.
            TooManyOpen, AccountDeleted: refused.
            ConditionsFailed: a message with this id is there (`InsertMessage`), its chat is being
                deleted or its last line is another (`TouchChat`), what it replaces has changed
                (`ReplaceMessage`), a picture has just been deleted (`CheckImage`), or the day's
                messages (`CountMessage`) or calls of the model (`CountCall`) are used up.
        """
        opening = self.begin(question)
        call = CountCall(ModelKind.TEXT, opening.day, self._limits.text_calls)
        stored = opening.storing(opening.assistant, call)
        delivery = self._channel.change(question.user_id, stored, opening.channel)
        return Opened(opening.user, opening.assistant, delivery)

    def begin(self, question: Question) -> Opening:
        """What would be stored of it, with the pictures that it names.

        Raises:
            ClockSkew, UnknownPicture, Invalid, ChatDeleted, NotLast, NotEnded: as above.
        """
        now = self._clock.now()
        clock_rule.check(question.message_id, now)
        instead_of = self._replaced(question)
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
        answer = self._placeholder(question, now)
        if instead_of is not None:
            line = instead_of.question.line
            user = replace(user, version_of=line)
            answer = replace(answer, version_of=line, stood_before=instead_of.question.id)
        return Opening(user, answer, channel, self._limits, instead_of)

    def _replaced(self, question: Question) -> Pair | None:
        """The pair that stands, of the line of the question that is replaced."""
        if question.replaces is None:
            return None
        last = self._lines.last(question.user_id, question.chat_id)
        if last is None:
            is_there = self._lines.chat(question.user_id, question.chat_id) is not None
            raise NotLast if is_there else ChatDeleted
        pairs = self._lines(question.user_id, question.chat_id, last).pairs
        named = next((one for one in pairs if one.question.id == question.replaces), None)
        now = standing(pairs)
        if named is None or now is None:
            raise NotLast
        if named.answer.is_open or now.answer.is_open:
            raise NotEnded
        return now

    def _read(self, question: Question) -> tuple[Channel | None, tuple[Image, ...]]:
        """Its pictures, beside the channel; without any the channel is read for the change.

        So is what the operator offers, where somebody has chosen of it.
        """
        chosen = question.image_model, question.image_size
        if not question.image_ids and chosen == (None, None):
            return None, ()
        with self._channel.reading(question.user_id) as channel:
            if question.again is None:  # what was chosen earlier may be gone by now
                self._painters.check(*chosen, question.aspect_ratio)
            found = self._images.images(question.user_id, question.image_ids)
        if missing := len(question.image_ids) - len(found):
            raise UnknownPicture(f"{missing} of {len(question.image_ids)}")
        return channel.result(), tuple(found)

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
            image_size=question.image_size,
            image_model=question.image_model,
            reply_to=question.message_id,
            deadline=now + self._limits.text_deadline,
            lease_until=question.until,
        )
