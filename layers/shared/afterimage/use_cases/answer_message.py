"""The life of one chat message: heard, thought about, answered or handed to the painter.

    opening     both messages are stored and shown, before any model is asked
    asking      the text model, with the chat's history
    replying    its text ends the answer, or
    ordering    its wish for a picture reserves quota and starts `image_generate`
    failing     whatever goes wrong ends the answer with a reason

A repeat of the same request finds what the first made, and goes on where that died.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterimage.channel import Delivery, UnifiedChannel
from afterimage.domain import aspect_ratios, budget, ids, quota
from afterimage.domain.changes import (
    Change,
    CountMessage,
    InsertJob,
    InsertMessage,
    MoveJob,
    RefundImage,
    ReplaceMessage,
    ReserveImage,
    TouchChat,
    Transition,
)
from afterimage.domain.conversation import in_pairs, turns
from afterimage.domain.entities import TITLE_LENGTH, Job, JobStatus, Message, Role, Status
from afterimage.domain.errors import (
    AccountDeleted,
    ChatDeleted,
    ClockSkew,
    ConditionsFailed,
    Failure,
    IdReused,
    Internal,
    MessageLimit,
    QuotaExceeded,
    Refused,
    TooManyOpen,
)
from afterimage.domain.events import Event, MessageInserted, MessageUpdated
from afterimage.domain.job_life import Move, moved
from afterimage.domain.metrics import Metric
from afterimage.measured import milliseconds, timed
from afterimage.ports import (
    Clock,
    ImageRequest,
    ImageStarter,
    JobStore,
    Log,
    MessageReader,
    Metrics,
    TextModel,
    TextReply,
)
from afterimage.views import timestamp

_CLOCK_SKEW = timedelta(minutes=5)
_HISTORY = 20  # messages; a chat's recent past is what a next answer needs
# Kept of the function's time for the transaction and the posts that end the answer.
_TIME_TO_END = timedelta(seconds=6)


@dataclass(frozen=True)
class Question:
    """A message somebody sent, validated.

    Attributes:
        message_id: the client's ULID, or one made for it.
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


@dataclass(frozen=True)
class Answer:
    """Both messages as they stand; `assistant.status` says how far it came."""

    user: Message
    assistant: Message


@dataclass(frozen=True)
class Limits:
    """What one user may do, and how long an answer may take."""

    daily_images: int
    daily_messages: int
    open_messages: int
    text_deadline: timedelta
    image_deadline: timedelta


class AnswerMessage:
    """Answers one question. Everything it needs is passed in.

    Args:
        executor: reads the history beside the posts.
        image_model: id of the model that will paint, for the ledger.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        model: TextModel,
        images: ImageStarter,
        clock: Clock,
        limits: Limits,
        image_model: str,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._model = model
        self._images = images
        self._clock = clock
        self._limits = limits
        self._image_model = image_model
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def __call__(self, question: Question) -> Answer:
        """Answer, or say how an earlier request with the same id was or is being answered.

        Raises:
            Refused: nothing was stored.
        """
        if self._is_skewed(question):
            return self._repeat_or_refuse(question, self._clock_skew())
        user, assistant = self._drafts(question)
        self._log.about(message_id=assistant.id)
        try:
            delivery = self._channel.change(
                question.user_id, self._opening(question, user, assistant)
            )
        except (ConditionsFailed, TooManyOpen) as refusal:
            return self._repeat_or_refuse(question, refusal)
        self._log.info("llm_handler_placeholder_stored", message_id=assistant.id)
        return Answer(user, self.think(question, assistant, delivery))

    # --- Opening: heard, before any model is asked -----------------------------------------

    def _drafts(self, question: Question) -> tuple[Message, Message]:
        now = self._clock.now()
        user = Message(question.message_id, question.chat_id, Role.USER, question.text, now)
        assistant = Message(
            _answer_id(question),
            question.chat_id,
            Role.ASSISTANT,
            "",
            now + timedelta(milliseconds=1),
            status=Status.THINKING,
            aspect_ratio=question.aspect_ratio,
            reply_to=user.id,
            deadline=now + self._limits.text_deadline,
            lease_until=question.until,
        )
        return user, assistant

    def _opening(self, question: Question, user: Message, assistant: Message) -> Transition:
        now = user.created_at
        return Transition(
            changes=(
                InsertMessage(user),
                InsertMessage(assistant),
                TouchChat(question.chat_id, question.text[:TITLE_LENGTH], now),
                CountMessage(quota.day_of(now), self._limits.daily_messages),
            ),
            events=(MessageInserted(user), MessageInserted(assistant)),
            opens=1,
            open_limit=self._limits.open_messages,
        )

    def _is_skewed(self, question: Question) -> bool:
        sent_ms = ids.milliseconds_of(question.message_id)
        off = abs(self._clock.now().timestamp() * 1000 - sent_ms)
        return off > _CLOCK_SKEW.total_seconds() * 1000

    def _clock_skew(self) -> ClockSkew:
        return ClockSkew(server_time=timestamp(self._clock.now()))

    # --- Asking: the model, with what was said before ---------------------------------------

    def think(self, question: Question, assistant: Message, delivery: Delivery) -> Message:
        """From placeholder to an ended answer or a started picture. Never raises a Failure."""
        history = self._executor.submit(self._history, question)
        self._channel.deliver(delivery)
        waited = milliseconds(question.received_at, self._clock.now())
        self._metrics.add(Metric.PLACEHOLDER_TIME, waited)
        try:
            reply = self._ask(question, history)
            if isinstance(reply, TextReply):
                return self._reply(question, assistant, reply)
            return self._order(question, assistant, reply)
        except Failure as failure:
            return self._fail(question, assistant, failure)
        except (AccountDeleted, ChatDeleted):
            raise  # the answer went with it
        except Exception:  # noqa: BLE001 - every answer ends
            self._log.exception("llm_handler_failed", message_id=assistant.id)
            return self._fail(question, assistant, Internal())

    def _history(self, question: Question) -> Sequence[Message]:
        before = self._messages.before(
            question.user_id, question.chat_id, question.message_id, _HISTORY
        )
        return before[::-1]

    def _ask(
        self, question: Question, history: Future[Sequence[Message]]
    ) -> TextReply | ImageRequest:
        asked = Message(
            question.message_id, question.chat_id, Role.USER, question.text, self._clock.now()
        )
        conversation = turns([*in_pairs(history.result()), asked])
        until = budget.keeping(_TIME_TO_END, self._clock.now(), question.until)
        with timed(self._metrics, Metric.TEXT_MODEL_TIME, self._clock):
            return self._model.reply(conversation, until)

    # --- Replying ---------------------------------------------------------------------------

    def _reply(self, question: Question, assistant: Message, reply: TextReply) -> Message:
        answered = assistant.answered(reply.text, reply.parts)
        return self._replace(question, assistant, answered, opens=-1)

    # --- Ordering a picture -----------------------------------------------------------------

    def _order(self, question: Question, assistant: Message, wish: ImageRequest) -> Message:
        now = self._clock.now()
        job = Job(
            id=ids.job_id(question.chat_id, assistant.id, assistant.tries),
            chat_id=question.chat_id,
            message_id=assistant.id,
            message_version=assistant.version + 1,
            prompt=wish.prompt,
            aspect_ratio=aspect_ratios.chosen(question.aspect_ratio, wish.aspect_ratio),
            quota_day=quota.day_of(now),
            model=self._image_model,
            created_at=now,
        )
        ordered = assistant.generating(
            job, wish.parts, now + self._limits.image_deadline, question.until
        )
        try:
            delivery = self._channel.change(
                question.user_id, self._ordering(assistant, ordered, job)
            )
        except ConditionsFailed as failed:
            if failed.includes(ReplaceMessage):
                return self._as_it_stands(question, assistant)
            refused = replace(assistant, parts=wish.parts)
            wait = quota.seconds_to_reset(now)
            self._metrics.add(Metric.REFUSED_PICTURES)
            return self._fail(question, refused, QuotaExceeded(retry_after=wait))
        return self.start(question, ordered, job, delivery)

    def _ordering(self, assistant: Message, ordered: Message, job: Job) -> Transition:
        return Transition(
            changes=(
                ReplaceMessage(ordered, assistant.version),
                ReserveImage(job.quota_day, self._limits.daily_images),
                InsertJob(job),
            ),
            events=(MessageUpdated(ordered),),
        )

    def start(self, question: Question, ordered: Message, job: Job, delivery: Delivery) -> Message:
        """Invoke the painter and post, side by side. An invoke that fails is taken back."""
        started = self._executor.submit(self._images.start, question.user_id, job)
        self._channel.deliver(delivery)
        try:
            started.result()
        except Failure as failure:
            return self._take_back(question, ordered, job, failure)
        except Exception:  # noqa: BLE001 - every answer ends
            self._log.exception("llm_handler_invoke_failed", job_id=job.id)
            return self._take_back(question, ordered, job, Internal())
        self._log.info("llm_handler_image_started", message_id=ordered.id, job_id=job.id)
        return ordered

    def _take_back(
        self, question: Question, ordered: Message, job: Job, failure: Failure
    ) -> Message:
        self._log.warning("llm_handler_invoke_failed", job_id=job.id, reason=str(failure))
        now = self._clock.now()
        ended = MoveJob(job, moved(job, Move.FAIL, now, error_code=failure.code))
        failed = ordered.failed(failure, now)
        return self._replace(question, ordered, failed, ended, RefundImage(job.quota_day), opens=-1)

    # --- Failing ----------------------------------------------------------------------------

    def _fail(self, question: Question, assistant: Message, failure: Failure) -> Message:
        self._log.warning(
            "llm_handler_message_failed",
            message_id=assistant.id,
            code=failure.code,
            reason=str(failure),
        )
        return self._replace(
            question, assistant, assistant.failed(failure, self._clock.now()), opens=-1
        )

    def _replace(
        self,
        question: Question,
        read: Message,
        new: Message,
        *also: Change,
        opens: int = 0,
    ) -> Message:
        event: Event = MessageUpdated(new)
        changes = (ReplaceMessage(new, read.version), *also)
        try:
            delivery = self._channel.change(
                question.user_id, Transition(changes, (event,), opens=opens)
            )
        except ConditionsFailed:
            return self._as_it_stands(question, read)
        self._channel.deliver(delivery)
        return new

    # --- The same request again -------------------------------------------------------------

    def _repeat_or_refuse(self, question: Question, why: Exception) -> Answer:
        user = self._stored(question, question.message_id)
        if user is None:
            if self._channel.read(question.user_id).deleted:
                raise AccountDeleted from why
            raise _refusal(why, self._clock.now()) from why
        if user.role is not Role.USER or user.text != question.text:
            raise IdReused
        assistant = self._stored(question, _answer_id(question))
        if assistant is None:
            raise IdReused("the answer to this message has been deleted")
        return Answer(user, self._go_on(question, assistant))

    def _go_on(self, question: Question, assistant: Message) -> Message:
        """Take over where a function died; otherwise the answer as it stands."""
        self._log.about(message_id=assistant.id)
        if not assistant.is_open or not self._is_abandoned(assistant):
            return assistant
        if assistant.status is Status.GENERATING:
            return self._start_again(question, assistant)
        return self._take_over(question, assistant)

    def _is_abandoned(self, assistant: Message) -> bool:
        return assistant.lease_until is not None and assistant.lease_until < self._clock.now()

    def _take_over(self, question: Question, assistant: Message) -> Message:
        ours = replace(assistant, version=assistant.version + 1, lease_until=question.until)
        change = Transition((ReplaceMessage(ours, assistant.version),), (MessageUpdated(ours),))
        try:
            delivery = self._channel.change(question.user_id, change)
        except ConditionsFailed:
            return self._as_it_stands(question, assistant)
        self._log.info("llm_handler_message_taken_over", message_id=assistant.id)
        return self.think(question, ours, delivery)

    def _start_again(self, question: Question, assistant: Message) -> Message:
        """Invoke once more where the first died before it could; the claim makes it harmless."""
        job = self._jobs.get(question.user_id, assistant.job_id or "")
        if job is not None and job.status is JobStatus.RESERVED:
            try:
                self._images.start(question.user_id, job)
            except Failure as failure:
                self._log.warning("llm_handler_invoke_failed", job_id=job.id, reason=str(failure))
        return assistant

    def _as_it_stands(self, question: Question, message: Message) -> Message:
        stored = self._stored(question, message.id)
        if stored is None:
            raise ChatDeleted
        return stored

    def _stored(self, question: Question, message_id: str) -> Message | None:
        return self._messages.get(question.user_id, question.chat_id, message_id)


def _answer_id(question: Question) -> str:
    return ids.assistant_message_id(question.chat_id, question.message_id)


def _refusal(why: Exception, now: datetime) -> Refused:
    if isinstance(why, Refused):
        return why
    if isinstance(why, ConditionsFailed) and why.includes(TouchChat):
        return ChatDeleted()
    return MessageLimit(retry_after=quota.seconds_to_reset(now))
