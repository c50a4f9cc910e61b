"""`llm_handler_gemini`'s use cases, put together as `wiring` does it, from doubles."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from afterimage.channel import UnifiedChannel
from afterimage.domain.catalogue import Catalogue
from afterimage.domain.limits import Limits, ModelKind
from afterimage.domain.messages import Message
from afterimage.domain.questions import Question
from afterimage.invocation import Invocation
from afterimage.ports.chats import MessageReader
from afterimage.ports.events import RowReader
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.models import CallCounter, TextModel
from afterimage.ports.pictures import SmallFiles
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.answer_message import AnswerMessage
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.end_answer import EndAnswer
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.hand_over import HandOver
from afterimage.use_cases.name_chat import NameChat
from afterimage.use_cases.open_question import OpenQuestion
from afterimage.use_cases.order_picture import OrderPicture
from afterimage.use_cases.paint_question import PaintQuestion
from afterimage.use_cases.read_line import ReadLine
from afterimage.use_cases.retry_message import RetryMessage
from afterimage.use_cases.see_pictures import SeePictures
from afterimage.use_cases.think import Think
from afterimage.use_cases.turns import PaintersTurns
from tests.support.costs import CATALOGUE, count_calls
from tests.support.doubles import PlainIdentifiers

# Both messages of a question that the stock answers.
Take = Callable[[Question], tuple[Message, Message] | None]


@dataclass
class Answering:
    """What asks and tries again, over one set of needs."""

    channel: UnifiedChannel
    messages: MessageReader
    jobs: JobStore
    counter: CallCounter
    model: TextModel
    starter: ImageStarter
    turns: PaintersTurns
    invocation: Invocation
    images: RowReader
    files: SmallFiles
    clock: Clock
    limits: Limits
    executor: Executor
    log: Log
    metrics: Metrics
    catalogue: Callable[[], Catalogue] = lambda: CATALOGUE
    note: Callable[[str, Message], None] = lambda *_: None
    take: Callable[[OpenQuestion, ChoosePainter], Take] = lambda *_: lambda _: None

    def __post_init__(self) -> None:
        channel, messages, clock, log = self.channel, self.messages, self.clock, self.log
        painters = ChoosePainter(self.catalogue, "an-image-model", log, self.metrics)
        end_slots = EndSlots(channel, messages, self.jobs, Attach(self.images), self.invocation)
        lines = ReadLine(messages, self.images, Attach(self.images))
        end = EndAnswer(channel, messages, lines, end_slots, clock, log)
        hand_over = HandOver(
            channel,
            self.jobs,
            self.starter,
            end,
            end_slots,
            clock,
            self.executor,
            log,
            self.metrics,
        )
        order = OrderPicture(
            channel, self.turns, end, hand_over, clock, self.limits, painters, self.metrics
        )
        calls = count_calls(
            self.counter, ModelKind.TEXT, self.limits.text_calls, clock, log, self.metrics
        )
        think = Think(
            channel,
            messages,
            self.model,
            PlainIdentifiers(),
            SeePictures(Attach(self.images), self.files, self.executor, log),
            calls,
            order,
            end,
            NameChat(channel, self.images, log, self.metrics),
            clock,
            self.executor,
            log,
            self.metrics,
        )
        opening = OpenQuestion(channel, self.images, painters, lines, clock, self.limits)
        self.answer = AnswerMessage(
            channel,
            messages,
            opening,
            think,
            hand_over,
            end,
            PaintQuestion(messages, opening, order, log),
            self.take(opening, painters),
            self.note,
            Attach(self.images),
            clock,
            self.limits,
            log,
        )
        self.retry = RetryMessage(channel, messages, think, order, end, clock, self.limits, log)
