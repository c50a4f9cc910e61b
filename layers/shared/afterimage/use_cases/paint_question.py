"""Straight to the painter: a question whose words are the prompt, and no text model is asked.

beginning   what is stored of it, with the pictures that it names
wishing     its own words, or once more what another answer of the chat was painted by
ordering    `OrderPicture`: both messages, quota and jobs in one transaction; the painter is
            started for each while both are shown
"""

from __future__ import annotations

from dataclasses import replace

from afterimage.domain.conversation import ordered
from afterimage.domain.errors import UnknownAnswer
from afterimage.domain.messages import Message, Role
from afterimage.domain.questions import Question
from afterimage.ports.chats import MessageReader
from afterimage.ports.models import ImageRequest
from afterimage.ports.system import Log
from afterimage.use_cases.open_question import OpenQuestion
from afterimage.use_cases.order_picture import OrderPicture


class PaintQuestion:
    """Stores a question together with the order of its pictures."""

    def __init__(
        self,
        messages: MessageReader,
        open_question: OpenQuestion,
        order: OrderPicture,
        log: Log,
    ) -> None:
        self._messages = messages
        self._open = open_question
        self._order = order
        self._log = log

    def __call__(self, question: Question) -> tuple[Message, Message]:
        """Both messages; the answer with pictures under way, or failed if there is no room today.

        Raises:
            UnknownAnswer: the chat has no such answer, or it has no pictures.
            ProviderLimit: no call of the model is left.
            ClockSkew, UnknownPicture, TooManyOpen, AccountDeleted, ConditionsFailed: as of
                `OpenQuestion`.
        """
        self._log.about(message_id=question.answer_id)
        question, wish = self._wish(question)
        opening = self._open.begin(question)
        return opening.user, self._order.opening(question, opening, wish)

    def _wish(self, question: Question) -> tuple[Question, ImageRequest]:
        if question.again is None:
            parts = ordered(question.text, question.aspect_ratio)
            wish = ImageRequest(
                question.text, question.aspect_ratio, parts, source_image_ids=question.image_ids
            )
            return question, wish
        answer = self._messages.get(question.user_id, question.chat_id, question.again)
        if answer is None or answer.role is not Role.ASSISTANT or answer.prompt is None:
            raise UnknownAnswer
        wish = ImageRequest(
            answer.prompt,
            answer.aspect_ratio,
            ordered(answer.prompt, answer.aspect_ratio),
            source_image_ids=answer.source_image_ids,
        )
        asked = replace(
            question,
            aspect_ratio=answer.aspect_ratio,
            image_size=answer.image_size,
            image_model=answer.image_model,
        )
        return asked, wish
