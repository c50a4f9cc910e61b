"""All use cases around one set of tables in memory, as the functions would call them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from afterimage.channel import UnifiedChannel
from afterimage.domain.catalogue import Catalogue
from afterimage.domain.errors import Blocked, ProviderUnavailable
from afterimage.domain.images import Image
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import Job
from afterimage.domain.limits import Limits, ModelKind
from afterimage.domain.messages import Message
from afterimage.domain.suggestions import Suggestions
from afterimage.domain.versions import Pair
from afterimage.invocation import Invocation
from afterimage.ports.models import ImageRequest, TextReply
from afterimage.ports.stock import StockFiles, StockTaking
from afterimage.use_cases.answer_message import Answer
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.cancel_message import CancelMessage
from afterimage.use_cases.choose_painter import ChoosePainter
from afterimage.use_cases.choose_version import ChooseVersion
from afterimage.use_cases.count_calls import CountCalls
from afterimage.use_cases.create_image import CreateImage, Order
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.delete_account import DeleteAccount
from afterimage.use_cases.delete_chat import DeleteChat
from afterimage.use_cases.delete_image import DeleteImage
from afterimage.use_cases.delete_question import DeleteQuestion
from afterimage.use_cases.empty_account import EmptyAccount
from afterimage.use_cases.empty_chat import EmptyChat
from afterimage.use_cases.empty_line import EmptyLine
from afterimage.use_cases.end_share import EndShare, TakeBack
from afterimage.use_cases.end_shares import EndShares
from afterimage.use_cases.end_slots import EndSlots
from afterimage.use_cases.fail_message import FailMessage
from afterimage.use_cases.finish_deletion import FinishDeletion
from afterimage.use_cases.keep_pictures import KeepPictures
from afterimage.use_cases.open_question import OpenQuestion
from afterimage.use_cases.paint_picture import PaintPicture
from afterimage.use_cases.picture_changes import ChangePicture
from afterimage.use_cases.purge_upload import PurgeUpload
from afterimage.use_cases.read_chats import ReadImages
from afterimage.use_cases.read_line import ReadLine
from afterimage.use_cases.read_sources import ReadSources
from afterimage.use_cases.recount_open import RecountOpen
from afterimage.use_cases.remove_pair import RemovePair
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.use_cases.repost_events import RepostEvents
from afterimage.use_cases.rescue_job import FailedInvocation, RescueJob
from afterimage.use_cases.retry_message import Click
from afterimage.use_cases.share_image import ShareImage, Wish
from afterimage.use_cases.sweep import Sweep
from afterimage.use_cases.take_from_stock import TakeFromStock
from afterimage.use_cases.turns import PaintersTurns
from afterimage.use_cases.upload_image import File, Kept, UploadImage
from tests.support.answering import Answering, Take
from tests.support.builders import CHAT, a_message, a_question, a_ulid, inserted
from tests.support.costs import CATALOGUE, count_calls
from tests.support.doubles import (
    REQUEST,
    FakeStudio,
    FixedClock,
    InMemoryPictures,
    PlainIdentifiers,
    PlainShareTokens,
    PlainTags,
    PlainUrls,
    RecordingDeletionStarter,
    RecordingEdge,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
    RecordingStarter,
    ScriptedModel,
)
from tests.support.in_memory import (
    InMemoryChats,
    InMemoryDeletions,
    InMemoryDueIndex,
    InMemoryEventLog,
    InMemoryImages,
    InMemoryLedger,
    InMemoryMessages,
    InMemoryRemoval,
    InMemoryShares,
    InMemoryTables,
    InMemoryUploads,
)
from tests.support.in_memory_stock import InMemoryFirstQuestions

USER = "alice"
DAY = "2026-11-20"
CALL = '[{"functionCall":{"name":"generate_image","id":"call_01"},"thoughtSignature":"b3Bh"}]'
HELLO = TextReply("Hello!", '[{"text":"Hello!","thoughtSignature":"b3Bh"}]')
FOX = ImageRequest("a red fox", "16:9", CALL)
BYTES = b"\xff\xd8 a jpeg"
UPLOAD_TIME = timedelta(seconds=155)
COPY_TIME = timedelta(seconds=34)
LIMITS = Limits(
    daily_images=2,
    daily_messages=5,
    image_calls=6,
    text_calls=8,
    open_messages=3,
    text_deadline=timedelta(seconds=75),
    image_deadline=timedelta(seconds=450),
)


PAINTING_AT_ONCE = 3
UPLOAD_LIMIT = 2


def painters_turns(
    tables: InMemoryTables,
    starter: RecordingStarter,
    clock: FixedClock,
    log: RecordingLog,
    metrics: RecordingMetrics,
    at_once: int = PAINTING_AT_ONCE,
) -> PaintersTurns:
    """As `wiring` puts it together."""
    jobs, messages = InMemoryLedger(tables), InMemoryMessages(tables)
    lasts = LIMITS.image_deadline
    return PaintersTurns(jobs, messages, starter, clock, at_once, lasts, log, metrics)


class Killed(BaseException):
    """The process is gone; nothing catches it."""


def die() -> None:
    """What a model does `meanwhile`, if the function is to die."""
    raise Killed


@dataclass
class Bundle:
    """One user, one open tab, and everything that can be done.

    Attributes:
        text: answers the questions.
        painter: paints the pictures.
        upload_time: in which a function that was given up may still upload.
        copy_time: in which one may still copy a picture that is shared.
    """

    channel: UnifiedChannel
    tables: InMemoryTables
    push: RecordingPush
    clock: FixedClock
    threads: Executor
    log: RecordingLog
    metrics: RecordingMetrics
    journal: list[str]
    invocation: Invocation
    starter: RecordingStarter
    turns: PaintersTurns
    limits: Limits = LIMITS
    catalogue: Callable[[], Catalogue] = lambda: CATALOGUE
    upload_time: timedelta = UPLOAD_TIME
    copy_time: timedelta = COPY_TIME

    def open_stores(self) -> None:
        """All in memory; others are in `tests/contracts`."""
        self.messages = InMemoryMessages(self.tables)
        self.ledger = InMemoryLedger(self.tables)
        self.uploads = InMemoryUploads(self.tables)
        self.index = InMemoryDueIndex(self.tables)
        self.images = InMemoryImages(self.tables)
        self.chats = InMemoryChats(self.tables)
        self.deletions = InMemoryDeletions(self.tables)
        self.removal = InMemoryRemoval(self.tables)
        self.shares = InMemoryShares(self.tables)
        self.events = self.rows = InMemoryEventLog(self.tables)
        self.pictures = InMemoryPictures(self.journal)

    def __post_init__(self) -> None:
        self.open_stores()
        self.text = ScriptedModel(journal=self.journal, model="a-text-model")
        self.painter = ScriptedModel(journal=self.journal)
        self.edge = RecordingEdge(self.journal)
        self.end_shares = EndShares(
            self.deletions,
            self.shares,
            PlainShareTokens(),
            self.pictures,
            self.edge,
            self.clock,
            self.copy_time,
        )
        self.keeper = RecordingDeletionStarter()
        self.studio = FakeStudio()
        self.randomness = Random(0)  # noqa: S311 - the same on every run
        current = CurrentEvents(self.rows, self.rows)
        self.replay = ReplayEvents(self.events, current, PlainUrls(), self.clock, self.metrics)
        self.repost = RepostEvents(self.channel, self.events, self.replay, self.clock, self.log)
        attach = Attach(self.rows)
        self.lines = ReadLine(self.messages, self.rows, attach)
        self.end_slots = EndSlots(self.channel, self.messages, self.ledger, attach, self.invocation)
        self.end = FailMessage(self.channel, self.end_slots, self.clock, self.upload_time, self.log)
        self.answering = self.new_answering()

    def new_answering(self) -> Answering:
        """Of one invocation."""
        return Answering(
            self.channel,
            self.messages,
            self.ledger,
            self.ledger,
            self.text,
            self.starter,
            self.turns,
            self.invocation,
            self.rows,
            self.pictures,
            self.clock,
            self.limits,
            self.threads,
            self.log,
            self.metrics,
            self.catalogue,
            take=self.take,
        )

    def take(self, _: OpenQuestion, __: ChoosePainter, /) -> Take:
        """What answers a question that was expected; here there is no stock."""
        return lambda _: None

    def take_from(
        self,
        stock: StockTaking,
        files: StockFiles,
        setting: Callable[[], Suggestions | None],
        opening: OpenQuestion,
        painters: ChoosePainter,
        limits: Limits = LIMITS,
    ) -> TakeFromStock:
        """The same, where there is one."""
        return TakeFromStock(
            setting,
            stock,
            files,
            self.channel,
            InMemoryFirstQuestions(self.tables),
            opening,
            painters,
            PlainTags(),
            self.clock,
            limits,
            self.threads,
            self.randomness,
            self.log,
            self.metrics,
        )

    # --- What people do ---------------------------------------------------------------------

    def ask(self, number: int = 0, **changed: Any) -> Answer:
        """Sends message `number` now, with a minute of the function's time left."""
        return self.answering.answer(a_question(number, self.clock.now(), **changed))

    def order(self, number: int = 0, **changed: Any) -> Message:
        """The answer to a message that asked for a picture, now being painted."""
        self.text.script.append(FOX)
        return self.ask(number, **changed).assistant

    def painted(self, number: int = 0, data: bytes = BYTES, **changed: Any) -> Message:
        """The answer to such a message, with its picture, or all of them."""
        message = self.order(number, **changed)
        for place in range(len(message.slots)):
            self.complete(message, place, data)
        return self.now(message)

    def blocked(self, number: int = 0, **changed: Any) -> Message:
        """The same where the provider paints no such picture."""
        message = self.order(number, **changed)
        self.refuse(message)
        return self.now(message)

    def unanswered(self, number: int = 0, **changed: Any) -> Message:
        """The answer to a message that the provider could not be asked."""
        self.text.script.append(ProviderUnavailable("HTTP 503"))
        return self.ask(number, **changed).assistant

    def failed(self, kind: str) -> Message:
        """A text or a picture that failed."""
        return self.unanswered() if kind == "text" else self.blocked()

    def cancel(self, message: Message, version: int | None = None, user: str = USER) -> Message:
        """Clicks on cancel, on the version given or the one of `message`."""
        cancel = CancelMessage(
            self.channel, self.messages, self.end_slots, self.clock, self.upload_time, self.log
        )
        return cancel(user, message.chat_id, message.id, version or message.version)

    def retry(self, message: Message, version: int | None = None, user: str = USER) -> Message:
        """Clicks on retry, on the version given or the one of `message`."""
        now = self.clock.now()
        seen = version or message.version
        until = now + timedelta(seconds=60)
        return self.answering.retry(Click(user, message.chat_id, message.id, seen, now, until))

    def choose(self, message: Message, user: str = USER) -> Pair:
        """Goes back to the version of this question."""
        choose = ChooseVersion(self.channel, self.messages, self.lines, self.log)
        return choose(user, message.chat_id, message.id)

    def upload(self, number: int = 0, **changed: Any) -> Kept:
        """Brings picture `number` now, with half a minute of the function's time left."""
        now = self.clock.now()
        fields: dict[str, Any] = {
            "user_id": USER,
            "image_id": a_ulid(number, now),
            "data": BYTES,
            "nonce": REQUEST,
            "until": now + timedelta(seconds=29),
        }
        bring = UploadImage(
            self.channel,
            self.uploads,
            self.images,
            self.ledger,
            self.studio,
            self.pictures,
            PlainTags(),
            self.clock,
            UPLOAD_LIMIT,
            self.threads,
            self.log,
        )
        return bring(File(**{**fields, **changed}))

    def delete_image(self, image_id: str, user: str = USER) -> None:
        DeleteImage(self.change_picture(), PlainShareTokens(), self.clock)(user, image_id)

    def share(
        self, image_id: str, *, days: float = 7, prompt: bool = False, user: str = USER
    ) -> Image:
        """Makes a link to a picture, or has it last longer."""
        share = ShareImage(
            self.channel,
            ReadImages(self.images, self.chats).one,
            self.messages,
            self.pictures,
            PlainShareTokens(),
            self.clock,
            self.copy_time,
            self.log,
        )
        return share(user, image_id, Wish(prompt, timedelta(days=days)))

    def take_back(self, image_id: str, user: str = USER) -> None:
        """Takes the link to a picture back."""
        TakeBack(self.change_picture(), PlainShareTokens(), self.clock)(user, image_id)

    def change_picture(self) -> ChangePicture:
        return ChangePicture(self.channel, self.images, self.messages, self.keeper, self.log)

    def remove_pair(self) -> RemovePair:
        return RemovePair(
            self.channel, self.ledger, PlainShareTokens(), self.clock, self.upload_time
        )

    def delete_question(self, message: Message, user: str = USER) -> None:
        delete = DeleteQuestion(
            self.messages, self.lines, self.remove_pair(), self.keeper, self.clock, self.log
        )
        delete(user, message.chat_id, message.id)

    def delete_chat(self, chat_id: str = CHAT, user: str = USER) -> None:
        DeleteChat(self.channel, self.chats, self.keeper, self.clock, self.log)(user, chat_id)

    def delete_account(self, user: str = USER) -> None:
        DeleteAccount(self.channel, self.keeper, self.clock, self.log)(user)

    def delete(self, kind: str, message: Message) -> None:
        """Deletes the picture of a message, its chat, or the account."""
        match kind:
            case "image":
                self.delete_image(message.job_id or "")
            case "chat":
                self.delete_chat(message.chat_id)
            case "account":
                self.delete_account()

    # --- What functions do ------------------------------------------------------------------

    def claim(self, message: Message, place: int = 0) -> Job:
        """A function begins with the job of one of its slots, and gets no further."""
        job = self.job(message, place)
        claimed = self.ledger.claim(USER, job.id, job.attempt, self.clock.now(), REQUEST)
        assert claimed is not None
        return claimed

    def die_while_thinking(self) -> Message:
        """What a function leaves that is killed while the text model is being asked."""
        self.text.meanwhile = die
        try:
            self.ask()
        except Killed:
            self.text.meanwhile = lambda: None
        return self.open_one()

    def paint(self, message: Message, attempt: int = 1, place: int = 0) -> None:
        """Runs `image_generate` for the job of one of the message's slots."""
        create = self.create_image(calls := self.image_calls())
        until = self.clock.now() + timedelta(seconds=150)
        ids = USER, message.chat_id, message.id, message.slots[place].id
        try:
            with self.invocation.step(until):
                create(Order(*ids, attempt, REQUEST, until))
        except Exception:
            calls.costs.settle()  # as each invocation does at its end, unless it is killed
            raise
        calls.costs.settle()

    def complete(self, message: Message, place: int = 0, data: bytes = BYTES) -> None:
        """One of its pictures comes."""
        self.painter.script.append(data)
        self.paint(self.now(message), place=place)

    def refuse(self, message: Message, place: int = 0) -> None:
        """One of its pictures is refused by the provider."""
        self.painter.script.append(Blocked("no"))
        self.paint(self.now(message), place=place)

    def create_image(self, calls: CountCalls) -> CreateImage:
        return CreateImage(
            self.channel,
            self.messages,
            self.ledger,
            PaintPicture(
                self.painter,
                PlainIdentifiers(),
                calls,
                ReadSources(self.rows, self.pictures, self.threads),
                self.pictures,
                self.clock,
                self.log,
                self.metrics,
            ),
            KeepPictures(self.pictures, PlainTags(), self.clock, self.log),
            self.end_slots,
            self.studio,
            self.clock,
            self.threads,
            self.log,
            self.metrics,
        )

    def image_calls(self, limit: int | None = None, **changed: Any) -> CountCalls:
        """What the painter asks before each call."""
        limit = self.limits.image_calls if limit is None else limit
        seen = self.clock, self.log, self.metrics
        return count_calls(self.ledger, ModelKind.IMAGE, limit, *seen, **changed)

    def rescue(
        self,
        message: Message,
        attempt: int = 1,
        condition: str = "RetriesExhausted",
        request_id: str = REQUEST,
        place: int = 0,
    ) -> None:
        """Gives the keeper the record of an invocation for one of the slots that failed."""
        rescue = RescueJob(
            self.ledger,
            self.messages,
            self.starter,
            self.end,
            self.repost,
            self.clock,
            self.log,
            self.metrics,
        )
        job_id = message.slots[place].id
        rescue(FailedInvocation(USER, job_id, attempt, request_id, condition))

    def sweep(self, seconds: float = 55) -> None:
        """Lets the keeper look for what is overdue, for so long."""
        recount = RecountOpen(
            self.channel, self.index, self.messages, self.clock, self.log, self.metrics
        )
        sweep = Sweep(
            self.index,
            self.messages,
            self.ledger,
            self.pictures,
            self.starter,
            self.end,
            self.finish,
            PurgeUpload(self.uploads, self.pictures, self.clock, self.log),
            recount,
            lambda _: None,  # no stock is kept here
            self.clock,
            LIMITS.image_deadline,
            self.log,
            self.metrics,
            self.invocation,
            self.randomness,
        )
        sweep(self.clock.now() + timedelta(seconds=seconds))

    def finish(self, user_id: str, name: str, until: datetime) -> None:
        """Goes on with a deletion, as the keeper does."""
        empty_chat = EmptyChat(
            self.channel,
            self.messages,
            self.ledger,
            self.deletions,
            self.removal,
            self.end_shares,
            self.pictures,
            self.edge,
            PlainTags(),
            self.clock,
            self.upload_time,
            self.log,
            self.metrics,
        )
        empty_line = EmptyLine(self.lines, self.remove_pair(), self.clock, self.log)
        empty_account = EmptyAccount(
            self.channel,
            self.removal,
            self.removal,
            self.end_shares,
            self.pictures,
            self.pictures,
            self.edge,
            PlainTags(),
            self.clock,
        )
        end_share = EndShare(
            self.channel,
            self.images,
            self.messages,
            self.shares,
            PlainShareTokens(),
            self.pictures,
            self.edge,
            self.clock,
        )
        finish = FinishDeletion(
            self.deletions,
            empty_chat,
            empty_line,
            empty_account,
            end_share,
            self.removal,
            self.pictures,
            self.edge,
            PlainTags(),
            self.clock,
            self.upload_time,
            self.log,
        )
        finish(user_id, name, until)

    def keep(self, seconds: float = 55) -> None:
        """Runs the keeper for every deletion it was asked for."""
        asked, self.keeper.started = self.keeper.started, []
        for user_id, name in asked:
            self.finish(user_id, name, self.clock.now() + timedelta(seconds=seconds))

    # --- How it stands ----------------------------------------------------------------------

    def now(self, message: Message) -> Message:
        """The message as it is stored."""
        return self.tables.rows.messages[USER, message.chat_id, message.id]

    def open_one(self) -> Message:
        """The answer that is under way."""
        return next(message for message in self.tables.rows.messages.values() if message.is_open)

    def code(self, message: Message) -> str | None:
        """Why the stored message failed."""
        error = self.now(message).error
        return error.code if error else None

    def job(self, message: Message, place: int = 0) -> Job:
        """The job that one of the stored message's slots waits or waited for."""
        return self.tables.rows.jobs[USER, self.now(message).slots[place].id]

    def fill(self, until: int, first: int = 0) -> None:
        """Messages are stored until there are so many, each with its event."""
        for number in range(first, until):
            change = inserted(a_message(number))
            self.tables.commit(self.tables.read(USER), change, self.clock.now())

    def move_job(self, message: Message, move: Move) -> Job:
        """Moves the message's job alone, behind everybody's back."""
        job = moved(self.job(message), move, self.clock.now())
        self.tables.rows.jobs[USER, job.id] = job
        return job

    def open_messages(self) -> int:
        return self.tables.read(USER).open_messages

    def used(self) -> tuple[int, int]:
        """Pictures and messages of today."""
        used = self.ledger.used(USER, DAY)
        return used.images, used.messages

    def calls(self) -> tuple[int, int]:
        """Calls of text and of image models of today that may have been billed."""
        used = self.ledger.used(USER, DAY)
        return used.text_calls, used.image_calls

    def spent(self) -> int:
        """Nano-dollars of today."""
        return self.ledger.used(USER, DAY).nano_usd

    def posted(self) -> list[str]:
        """What the tab was told, in order."""
        return [entry.removeprefix("post ") for entry in self.journal if entry.startswith("post ")]

    def again(self) -> Bundle:
        """Another one, which begins with all that is stored in this one by now."""
        made = new_bundle(self.threads, self.turns._at_once, self.limits)
        made.clock.advance(seconds=(self.clock.now() - made.clock.now()).total_seconds())
        vars(made.tables.rows).update(deepcopy(vars(self.tables.rows)))
        made.pictures.files |= self.pictures.files
        made.pictures.tags |= self.pictures.tags
        made.starter.started += self.starter.started
        return made

    def set(self, message: Message, **changed: Any) -> Message:
        """Changes the stored message, behind everybody's back."""
        stored = replace(self.now(message), **changed)
        self.tables.rows.messages[USER, message.chat_id, message.id] = stored
        return stored


B = TypeVar("B", bound=Bundle)


def new_bundle(
    threads: Executor, at_once: int = PAINTING_AT_ONCE, limits: Limits = LIMITS, **given: Any
) -> Bundle:
    """One that shares nothing with any other."""
    return new_of(Bundle, threads, at_once, limits=limits, **given)


def new_of(kind: type[B], threads: Executor, at_once: int = PAINTING_AT_ONCE, **given: Any) -> B:
    """As `new_bundle`, of a test's own kind."""
    clock, log, metrics = FixedClock(), RecordingLog(), RecordingMetrics()
    tables, starter = InMemoryTables(clock), RecordingStarter()
    turns = painters_turns(tables, starter, clock, log, metrics, at_once)
    made = over(kind, tables, clock, threads, turns, starter, log, metrics, **given)
    tables.register(USER, "tab", clock.now())
    return made


def over(
    kind: type[B],
    tables: Any,
    clock: Any,
    threads: Executor,
    turns: PaintersTurns,
    starter: RecordingStarter,
    log: RecordingLog,
    metrics: RecordingMetrics,
    **given: Any,
) -> B:
    """One over any `ChannelStore`."""
    journal: list[str] = []
    push, invocation = RecordingPush(journal), Invocation(clock)
    seen = clock, threads, log, metrics
    channel = UnifiedChannel(tables, push, PlainUrls(), *seen, invocation, turns)
    return kind(channel, tables, push, *seen, journal, invocation, starter, turns, **given)
