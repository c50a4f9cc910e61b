"""Thinking: the text model is asked, with what was said before, and its answer ends the message.

asking      the chat's history and small pictures are read beside the posts of the placeholder
writing     `ShowWords`: the model's words are shown as they come, until nobody wants them
replying    the model's words end the answer, or
ordering    its wish for a picture is handed to `OrderPicture`
naming      in a chat's first turn the model may have said, beside either, what the chat is called
failing     whatever goes wrong ends the answer with a reason
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta
from functools import partial

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import budget, endings
from afterimage.domain.changes import CountCall, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.conversation import in_pairs, turns
from afterimage.domain.errors import (
    AccountDeleted,
    Blocked,
    ChatDeleted,
    Failure,
    Internal,
    QuestionDeleted,
)
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.numbered_pictures import NumberedPictures
from afterimage.domain.questions import Question
from afterimage.measured import milliseconds, timed
from afterimage.ports.chats import MessageReader
from afterimage.ports.models import (
    ImageRequest,
    SafetyIdentifiers,
    TextModel,
    TextReply,
    Unwanted,
    Words,
)
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.name_chat import NameChat
from afterimage.use_cases.order_picture import OrderPicture
from afterimage.use_cases.see_pictures import SeePictures
from afterimage.use_cases.show_words import ShowWords

_HISTORY = 20  # messages; a chat's recent past is what a next answer needs
_PAGES = 10  # of messages, so many of which are versions that do not stand
_HISTORY_LENGTH = 80_000  # characters; the longest question with the longest answer fit
# Kept of the function's time for the transaction and the posts that end the answer.
_TIME_TO_END = timedelta(seconds=6)

# Oldest first, the question last; the pictures of all of it; whether the question is the first.
# What the model is shown; and, where it has not answered in this chat before, all questions there.
_Conversation = tuple[Sequence[Message], NumberedPictures, Collection[str]]


class Think:
    """From placeholder to an ended answer or a started picture.

    Args:
        executor: reads the conversation, and who asks, beside the posts, and shows words beside the
            model.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        model: TextModel,
        identifiers: SafetyIdentifiers,
        see: SeePictures,
        calls: CountCalls,
        order: OrderPicture,
        end: EndAnswer,
        name: NameChat,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._model = model
        self._identifiers = identifiers
        self._see = see
        self._calls = calls
        self._order = order
        self._end = end
        self._name = name
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(self, question: Question, assistant: Message, delivery: Delivery) -> Message:
        """The answer as it ended, or with its picture under way. Never raises a Failure.

        Args:
            assistant: the answer, as it is stored.
            delivery: the transaction that decided to ask, whose frames are posted first.

        Raises:
            ChatDeleted, QuestionDeleted, AccountDeleted: it went meanwhile.
        """
        seen = self._executor.submit(self._conversation, question, assistant.line)
        # Here, too, because a new process reads a secret for it.
        identifier = self._executor.submit(self._identifiers.of, question.user_id)
        now = self._channel.deliver(delivery) or delivery.channel
        waited = milliseconds(question.received_at, self._clock.now())
        self._metrics.add(Metric.PLACEHOLDER_TIME, waited)
        with self._show(question, assistant, now.connections) as words:
            asking = seen, identifier, _counted_on(delivery.transition)
            known = _unless_busy(now)
            message = self._answered(question, assistant, asking, words, known)
        return self._with_words(question.user_id, assistant, message, words.text)

    def _answered(
        self,
        question: Question,
        assistant: Message,
        asking: tuple[Future[_Conversation], Future[str], str],
        words: ShowWords,
        channel: Channel | None,
    ) -> Message:
        user_id = question.user_id
        try:
            reply = self._ask(question, *asking, words)
            if isinstance(reply, TextReply):
                ending = partial(endings.reply, text=reply.text, parts=reply.parts)
                answered = self._end(user_id, assistant, ending, words.end(), channel)
            else:
                spoken = replace(assistant, text=reply.text)
                answered = self._order(question, spoken, reply, channel, words.end())
        except Unwanted:
            return self._end.as_it_stands(user_id, assistant)
        except Failure as failure:
            # What the provider does not stand for is not kept.
            said = "" if isinstance(failure, Blocked) else words.text
            return self._end.fail(user_id, assistant, failure, words=said, after=words.end())
        except (AccountDeleted, ChatDeleted, QuestionDeleted):
            raise  # the answer went with it
        except Exception:  # noqa: BLE001 - every answer ends
            self._log.exception("llm_handler_failed", message_id=assistant.id)
            self._metrics.add(Metric.DEFECTS)
            said = words.text
            return self._end.fail(user_id, assistant, Internal(), words=said, after=words.end())
        else:
            if reply.title:
                *_, questions = asking[0].result()
                self._name(user_id, question.chat_id, reply.title, instead_of=questions)
            return answered

    def _show(
        self, question: Question, assistant: Message, connections: Sequence[str]
    ) -> ShowWords:
        return ShowWords(
            self._channel,
            self._messages,
            question.user_id,
            assistant,
            connections,
            self._executor.submit,
            self._clock,
            self._log,
            self._metrics,
        )

    def _with_words(self, user_id: str, read: Message, ended: Message, words: str) -> Message:
        """What was shown of an answer stays, also where its user has cancelled it meanwhile."""
        if ended.status is not Status.CANCELLED or not words:
            return ended
        return self._end.keep_words(user_id, read, ended, words)

    def _conversation(self, question: Question, line: str) -> _Conversation:
        user_id, chat_id = question.user_id, question.chat_id
        before, questions = self._before(question, line)
        asked = Message(
            question.message_id,
            chat_id,
            Role.USER,
            question.text,
            self._clock.now(),
            image_ids=question.image_ids,
        )
        messages = [*in_pairs(before[::-1], _HISTORY_LENGTH), asked]
        answered = any(message.parts for message in before)
        return *self._see(user_id, messages), () if answered else questions

    def _before(self, question: Question, line: str) -> tuple[Sequence[Message], Collection[str]]:
        """What stands of the lines before, newest first; of its own line nothing is said.

        And the words of every question that was looked at, its own among them.
        """
        said: list[Message] = []
        questions = {question.text}
        seen: str = question.message_id
        for _ in range(_PAGES):
            page = self._messages.before(question.user_id, question.chat_id, seen, _HISTORY)
            said += [message for message in page if message.stands and message.line != line]
            questions |= {message.text for message in page if message.role is Role.USER}
            if len(page) < _HISTORY or len(said) >= _HISTORY:
                break
            seen = page[-1].id
        return said[:_HISTORY], questions

    def _ask(
        self,
        question: Question,
        seen: Future[_Conversation],
        identifier: Future[str],
        counted_on: str,
        words: Words,
    ) -> TextReply | ImageRequest:
        with self._calls.of_turn(question.user_id, counted_on) as calls:
            messages, pictures, unnamed = seen.result()
            conversation = turns(messages, pictures)
            until = budget.keeping(_TIME_TO_END, self._clock.now(), question.until)
            with timed(self._metrics, Metric.TEXT_MODEL_TIME, self._clock):
                reply = self._model.reply(
                    conversation, identifier.result(), until, calls, words, may_name=bool(unnamed)
                )
        if isinstance(reply, ImageRequest):
            return replace(reply, source_image_ids=pictures.ids_of(reply.edit))
        return reply


def _unless_busy(channel: Channel) -> Channel | None:
    """The channel, if it can be believed to be the same when the model has answered.

    Where no other answer of the user is under way hardly anything changes it. If something does,
    the transaction loses, and reads it again.
    """
    return channel if channel.open_messages == 1 else None


def _counted_on(decided: Transition) -> str:
    """The day of the call that a transaction counted."""
    (day,) = (change.day for change in decided.changes if isinstance(change, CountCall))
    return day
