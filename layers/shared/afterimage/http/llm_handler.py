"""The routes of `llm_handler_gemini`: parse, one call, map the result."""

from __future__ import annotations

from dataclasses import dataclass

from ulid import ULID

from afterimage.domain.messages import Message, MessageType, Status
from afterimage.domain.questions import Question
from afterimage.http import routes, taken
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.ports.channel import ImageUrls
from afterimage.ports.system import Clock
from afterimage.use_cases.answer_message import Answer, AnswerMessage
from afterimage.use_cases.retry_message import Click, RetryMessage
from afterimage.views import message_view


@dataclass(frozen=True)
class LlmHandlerRoutes:
    """`llm_handler_gemini`'s routes."""

    answer: AnswerMessage
    retry: RetryMessage
    urls: ImageUrls
    clock: Clock

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {
            routes.POST_MESSAGE: self.post_message,
            routes.RETRY_MESSAGE: self.retry_message,
        }

    def post_message(self, request: Request) -> Response:
        """202 once a picture is started or while the answer is under way; 200 with how it ended.

        Raises:
            Refused: nothing was stored.
        """
        chat = request.parameters(taken.ChatPath)
        sent = request.body(taken.PostMessage)
        made_id = ULID.from_datetime(self.clock.now())
        answer = self.answer(
            Question(
                user_id=request.user_id,
                chat_id=chat.chat_id,
                message_id=sent.id or str(made_id),
                text=sent.text,
                aspect_ratio=sent.aspect_ratio,
                count=sent.count,
                received_at=request.received_at,
                until=request.until,
                image_ids=tuple(sent.image_ids or ()),
                image_size=sent.image_size,
                image_model=sent.image_model,
                paint=sent.paints,
                again=sent.again,
                suggestion_id=sent.suggestion_id,
                replaces=sent.replaces,
            )
        )
        return self._response(answer)

    def retry_message(self, request: Request) -> Response:
        """200 with the answer as it stands after the new try. Raises: Refused."""
        path = request.parameters(taken.MessagePath)
        version = request.body(taken.MessageVersion).version
        message = self.retry(
            Click(
                user_id=request.user_id,
                chat_id=path.chat_id,
                message_id=path.message_id,
                version=version,
                received_at=request.received_at,
                until=request.until,
            )
        )
        view = message_view(message, self.urls, self.clock.now())
        return Response({"assistant_message": view})

    def _response(self, answer: Answer) -> Response:
        now = self.clock.now()
        status, success, sentence = _outcome(answer.assistant)
        body = {
            "success": success,
            "message": sentence,
            "skip_message_creation": True,
            "user_message": message_view(answer.user, self.urls, now),
            "assistant_message": message_view(answer.assistant, self.urls, now),
        }
        return Response(body, status)


def _outcome(assistant: Message) -> tuple[int, bool, str]:
    """Status, success and the sentence of an answer, by how far its message has come."""
    if assistant.status is Status.FAILED and assistant.error is not None:
        return 200, False, assistant.error.message
    if assistant.status is Status.COMPLETE and assistant.type is MessageType.TEXT:
        return 200, True, assistant.text
    if assistant.status is Status.COMPLETE:
        return 200, True, "Image ready"
    if assistant.status is Status.GENERATING:
        return 202, True, "Image generation started"
    if assistant.status is Status.THINKING:
        return 202, True, "Still thinking"
    return 200, False, "Cancelled"
