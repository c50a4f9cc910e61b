"""Taking: a question that was expected is answered with a picture that is there.

knowing     its words and its wishes are those of a suggestion, and it is the first of its chat
taking      one picture of the stock becomes its message's; a repeat finds the same
copying     the files go into the user's folder, side by side, and not through here
handing     both messages, picture, counts and the stock's row in one transaction, then all events

Where any of it does not come about, the question goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from random import Random

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids, image_sizes, quota
from afterimage.domain.changes import InsertImage, InsertJob, ReserveImage, SpendStock, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.conversation import ordered
from afterimage.domain.errors import Busy, Refused
from afterimage.domain.events import ImageInserted
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import Limits
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.questions import Question
from afterimage.domain.seen import files_of
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.domain.stock import TAKEN_FOR, StockPicture, StockStatus
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.domain.usage import usd
from afterimage.measured import milliseconds
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.pictures import CacheTags
from afterimage.ports.stock import FirstQuestions, StockFiles, StockTaking
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.open_question import Opening, OpenQuestion

_TRIES = 4  # others may take what was ready while we look
_SOON = 1  # seconds until who comes while it is being put back is to come again


@dataclass(frozen=True)
class _Taken:
    """What was taken, and for what.

    Attributes:
        job_id: of the picture that it becomes.
    """

    opening: Opening
    suggestion: Suggestion
    picture: StockPicture
    job_id: str


class TakeFromStock:
    """Hands out what was painted before it was asked for.

    Args:
        first: whose question is a chat's first, and still has room.
        executor: reads side by side.
        randomness: of those that are ready, which is tried.
    """

    def __init__(
        self,
        setting: Callable[[], Suggestions | None],
        stock: StockTaking,
        files: StockFiles,
        channel: UnifiedChannel,
        first: FirstQuestions,
        open_question: OpenQuestion,
        painters: ChoosePainter,
        tags: CacheTags,
        clock: Clock,
        limits: Limits,
        executor: Executor,
        randomness: Random,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._setting = setting
        self._stock = stock
        self._files = files
        self._channel = channel
        self._first = first
        self._open = open_question
        self._painters = painters
        self._tags = tags
        self._clock = clock
        self._limits = limits
        self._executor = executor
        self._randomness = randomness
        self._log = log
        self._metrics = metrics

    def __call__(self, question: Question) -> tuple[Message, Message] | None:
        """Both messages, complete; None if there is no picture for it.

        Raises:
            Busy: what an earlier request with the same id had taken is being put back.
        """
        if question.image_ids or question.again or question.count not in (None, 1):
            return None
        if question.replaces is not None:
            return None  # it is not the first of its chat
        try:
            suggestion = self._suggestion(question)
            return None if suggestion is None else self._answer(question, suggestion)
        except Busy:
            raise
        except Refused:
            return None  # the usual way says so
        except Exception:  # noqa: BLE001 - it is answered all the same
            self._log.exception("llm_handler_stock_failed")
            self._metrics.add(Metric.DEFECTS)
            return None

    # --- Knowing ----------------------------------------------------------------------------

    def _suggestion(self, question: Question) -> Suggestion | None:
        setting = self._setting() or Suggestions()
        return setting.asked(question.text, question.suggestion_id, question.aspect_ratio)

    def _answer(self, question: Question, suggestion: Suggestion) -> tuple[Message, Message] | None:
        user_id, day = question.user_id, quota.day_of(self._clock.now())
        folder = ids.picture_folder(user_id, _job_id(question))
        with self._channel.reading(user_id) as channel:
            may = self._executor.submit(
                self._first.may_take, user_id, question.chat_id, day, self._limits
            )
            ready = self._stock.ready(suggestion.id)
        if not may.result():
            return None
        try:
            taken = self._take(question, suggestion, folder, ready)
            return None if taken is None else self._hand_over(question, taken, channel.result())
        finally:
            self._ask_for_more(suggestion)

    def _ask_for_more(self, suggestion: Suggestion) -> None:
        """Behind everything, since it only makes the stock deeper. Raises nothing."""
        self._executor.submit(self._stock.asked, suggestion.id, self._clock.now()).exception()

    # --- Taking -----------------------------------------------------------------------------

    def _take(
        self,
        question: Question,
        suggestion: Suggestion,
        folder: str,
        ready: Sequence[StockPicture],
    ) -> _Taken | None:
        opening = self._open.begin(question)
        fits = self._fits(question)
        own: StockPicture | None = None
        for number in range(_TRIES):
            fitting = [one for one in ready if fits(one)]
            # A repeat finds another one ready, and is told by the taking that it has one.
            if number or not fitting:
                own = self._stock.taken_for(suggestion.id, folder)
            if own is not None and own.status is StockStatus.HELD:
                raise Busy("it is being put back", retry_after=_SOON)
            if own is not None and own.status is not StockStatus.TAKEN:
                return None  # handed over: the usual way finds it
            if own is None and not fitting:
                self._log.info("llm_handler_stock_empty", suggestion=suggestion.id)
                return None
            until = (self._clock.now() + TAKEN_FOR).replace(microsecond=0)
            picture = own or self._randomness.choice(fitting)
            if (taken := self._stock.take(picture, folder, until)) is not None:
                return _Taken(opening, suggestion, taken, _job_id(question))
            ready = self._stock.ready(suggestion.id)
        return None

    def _fits(self, question: Question) -> Callable[[StockPicture], bool]:
        """Whether a picture is one that the question wishes for."""
        if (question.image_model, question.image_size) == (None, None):
            return lambda _: True
        chosen = self._painters(question.image_model, question.image_size)
        return lambda one: (chosen.model, chosen.size) == (one.model, image_sizes.DEFAULT)

    # --- Copying and handing over -----------------------------------------------------------

    def _hand_over(
        self, question: Question, taken: _Taken, channel: Channel
    ) -> tuple[Message, Message] | None:
        try:
            self._copy(question, taken)
            answer, stored = self._stored(question, taken)
            delivery = self._channel.change(question.user_id, stored, channel)
        except ConditionsFailed as failed:
            self._log.info("llm_handler_stock_not_handed_over", refused=str(failed))
            self._stock.give_up(taken.picture, self._clock.now())
            return None
        except Exception:
            self._stock.give_up(taken.picture, self._clock.now())
            raise
        self._log.about(message_id=answer.id)
        self._log.info("llm_handler_stock_taken", message_id=answer.id, job_id=taken.job_id)
        self._channel.deliver(delivery, is_last=True)
        waited = milliseconds(question.received_at, self._clock.now())
        self._metrics.add(Metric.PLACEHOLDER_TIME, waited)
        self._metrics.add(Metric.PICTURE_TIME, waited)
        return taken.opening.user, answer

    def _copy(self, question: Question, taken: _Taken) -> None:
        user_id, image = question.user_id, taken.picture.image
        from_stock = ids.stock_folder(taken.suggestion.id, image.id)
        own = ids.picture_folder(user_id, taken.job_id)
        names = files_of(image.width, image.height, image.size)
        tags = (
            self._tags.picture(user_id, taken.job_id),
            self._tags.chat(user_id, question.chat_id),
            self._tags.user(user_id),
        )
        self._files.copy({from_stock + name: own + name for name in names}, tags)

    def _stored(self, question: Question, taken: _Taken) -> tuple[Message, Transition]:
        """The answer, and the transaction that makes it so."""
        job, image = _job(taken), _image(question.user_id, taken)
        slot = Slot(job.id, SlotStatus.COMPLETE, image)
        parts = ordered(job.prompt, job.aspect_ratio)
        complete = taken.opening.assistant.generating(job, {0: slot}, parts, question.until)
        answer = replace(complete, version=taken.opening.assistant.version)
        stored = taken.opening.storing(
            answer,
            ReserveImage(taken.opening.day, self._limits.daily_images),
            InsertJob(job),
            InsertImage(image),
            SpendStock(taken.picture),
            is_first=True,
        )
        return answer, replace(stored, events=(*stored.events, ImageInserted(image)))


def _job_id(question: Question) -> str:
    return ids.stock_job_id(question.chat_id, question.answer_id)


def _job(taken: _Taken) -> Job:
    """It has been painted, and for nobody's time; its price goes with it."""
    user, assistant = taken.opening.user, taken.opening.assistant
    return Job(
        id=taken.job_id,
        chat_id=assistant.chat_id,
        message_id=assistant.id,
        prompt=taken.suggestion.text,
        aspect_ratio=taken.suggestion.aspect_ratio,
        quota_day=taken.opening.day,
        model=taken.picture.model,
        created_at=user.created_at,
        status=JobStatus.SUCCEEDED,
        started_at=user.created_at,
        ended_at=user.created_at,
        price_usd=usd(taken.picture.cost_nano_usd),
    )


def _image(user_id: str, taken: _Taken) -> Image:
    assistant = taken.opening.assistant
    return replace(
        taken.picture.image,
        id=taken.job_id,
        message_id=assistant.id,
        chat_id=assistant.chat_id,
        created_at=taken.opening.user.created_at,
        key=ids.image_key(user_id, taken.job_id, "full.webp"),
        thumbnail_key=ids.image_key(user_id, taken.job_id, "thumbnail.webp"),
    )
