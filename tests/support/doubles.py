"""The world without AWS and Gemini: clock, log, connections, bucket and models for tests.

A journal is a list that several of them write to, so that a test can see what came first.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from afterimage.domain.conversation import Turn
from afterimage.domain.deletions import Deletion
from afterimage.domain.errors import NoImage, NotAPicture
from afterimage.domain.jobs import Job
from afterimage.domain.metrics import Metric
from afterimage.domain.sources import KNOWN_BY
from afterimage.domain.usage import Usage
from afterimage.ports.models import Calls, ImageRequest, PaintRequest, TextReply, Words
from afterimage.ports.pictures import Brought, EncodedImage, FileHead

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
REQUEST = "8f5c1b7e-request"  # id of an invocation


class FixedClock:
    """Implements `Clock`; time passes only when it is told to, and in `sleep`."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)

    def advance(self, **duration: float) -> None:
        """Let time pass, e.g. `advance(minutes=3)`."""
        with self._lock:
            self._now += timedelta(**duration)


@dataclass(frozen=True)
class Line:
    """One line of the log; `trace` is the exception's, with all its causes."""

    level: str
    event: str
    fields: dict[str, object]
    trace: str = ""


class RecordingLog:
    """Implements `Log`.

    Attributes:
        subject: what every further line is about.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.subject: dict[str, object] = {}

    def about(self, **fields: object) -> None:
        self.subject |= fields

    def info(self, event: str, /, **fields: object) -> None:
        self.lines.append(Line("info", event, fields))

    def warning(self, event: str, /, **fields: object) -> None:
        self.lines.append(Line("warning", event, fields))

    def exception(self, event: str, /, **fields: object) -> None:
        self.lines.append(Line("exception", event, fields, traceback.format_exc()))

    def events(self) -> list[str]:
        return [line.event for line in self.lines]

    def text(self) -> str:
        """Everything anybody could read in it."""
        return "\n".join(f"{line.event} {line.fields} {line.trace}" for line in self.lines)


class RecordingMetrics:
    """Implements `Metrics`.

    Attributes:
        values: everything reported, in order, also what has been let go of.
        flushes: how many figures each `flush` let go of.
    """

    def __init__(self) -> None:
        self.values: list[tuple[Metric, float]] = []
        self.flushes: list[int] = []

    def add(self, metric: Metric, value: float = 1) -> None:
        self.values.append((metric, value))

    def total(self, metric: Metric) -> float:
        waiting = self.values[sum(self.flushes) :]
        return sum(value for reported, value in waiting if reported is metric)

    def flush(self) -> None:
        self.flushes.append(len(self.values) - sum(self.flushes))

    def of(self, metric: Metric) -> list[float]:
        """What was reported of one figure, in order."""
        return [value for reported, value in self.values if reported is metric]

    def counts(self, *prefixes: str) -> dict[str, float]:
        """Sums by name, of the figures whose name begins with one of these."""
        found: dict[str, float] = {}
        for metric, value in self.values:
            if metric.title.startswith(prefixes):
                found[metric.title] = found.get(metric.title, 0) + value
        return found


@dataclass
class RecordingPush:
    """Implements `Push`.

    Attributes:
        sent: every frame that was taken, parsed, with its connection.
        gone: connections that have closed; a post to one is refused.
        slow: connections that take no frame in time.
        broken: connections whose posts raise, against the port's promise.
        meanwhile: called during each post with its connection and the names of its frames.
    """

    journal: list[str] = field(default_factory=list)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    deadlines: list[datetime] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    meanwhile: Callable[[str, list[str]], None] = lambda *_: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, connection_id: str, frames: Sequence[str], until: datetime) -> bool:
        self.deadlines.append(until)
        self.meanwhile(connection_id, [json.loads(text)["event"] for text in frames])
        if connection_id in self.broken:
            raise RuntimeError("a push that breaks its promise")
        if connection_id in self.gone | self.slow:
            return False
        with self._lock:
            for text in frames:
                frame = json.loads(text)
                self.sent.append((connection_id, frame))
                self.journal.append(f"post {_title(frame)}")
        return True

    def close(self, connection_id: str) -> None:
        self.closed.append(connection_id)

    def to(self, connection_id: str) -> list[dict[str, Any]]:
        """The frames one connection got, in order."""
        return [frame for connection, frame in self.sent if connection == connection_id]


def _title(frame: dict[str, Any]) -> str:
    message = (frame.get("payload") or {}).get("message") or {}
    status = message.get("meta", {}).get("status")
    return f"{frame['event']} {status}" if status else str(frame["event"])


@dataclass
class InMemoryPictures:
    """Implements `PictureStore`, `SourceFiles`, `SmallFiles`, `PictureFolder`, `Originals` and
    `SharedFiles`.

    Attributes:
        refuses: names of files (the last part of a key) that cannot be stored.
        takes: seconds that storing a file takes, by name.
    """

    journal: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    takes: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put_original(self, key: str, data: bytes) -> bool:
        self._check(key)
        with self._lock:
            if key in self.files:
                return False
            self.files[key] = data
        return True

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        self._check(key)
        self.files[key] = data
        self.tags[key] = tuple(tags)

    def get(self, key: str) -> bytes | None:
        return self.files.get(key)

    def head(self, key: str) -> FileHead | None:
        data = self.files.get(key)
        return None if data is None else FileHead(data[:KNOWN_BY], len(data))

    def delete(self, keys: Sequence[str]) -> None:
        self.journal.append("delete files")
        for key in keys:
            self.files.pop(key, None)

    def download(self, key: str, name: str) -> str | None:
        return f"https://bucket.test/{key}?name={name}" if key in self.files else None

    def share(self, source: str, copy: str, tag: str) -> bool:
        if source not in self.files:
            return False
        self.put_webp(copy, self.files[source], (tag,))
        return True

    def some_keys(self, prefix: str) -> list[str]:
        return [key for key in list(self.files) if key.startswith(prefix)][:5]

    def _check(self, key: str) -> None:
        name = key.rsplit("/", 1)[-1]
        if name in self.refuses:
            raise OSError(f"{name} cannot be stored")
        time.sleep(self.takes.get(name, 0))
        self.journal.append(f"put {name}")


Scripted = TextReply | ImageRequest | bytes | list[bytes]


@dataclass
class ScriptedModel:
    """Implements `TextModel` and `ImageModel`: answers what the script says, in order.

    Attributes:
        asked: what each call was given.
        identifiers: for whom each call was.
        drafts: shown by each painting, before its answer.
        said: words that each reply begins with, as they come.
        meanwhile: called during each call, behind what was shown and said.
        uses: what each answer says that it used.
        model: its name.
    """

    script: list[Scripted | Exception] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)
    may_name: list[bool] = field(default_factory=list)
    drafts: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    uses: Usage | None = None
    model: str = "an-image-model"

    def reply(
        self,
        turns: Sequence[Turn],
        safety_identifier: str,
        until: datetime,
        calls: Calls,
        words: Words,
        *,
        may_name: bool = False,
    ) -> TextReply | ImageRequest:
        calls.begin()
        self.journal.append("reply")
        self.may_name.append(may_name)
        self.asked.append((list(turns), until))
        self.identifiers.append(safety_identifier)
        for text in self.said:
            words.add(text)
        answer = self._next(calls)
        assert isinstance(answer, TextReply | ImageRequest)
        return answer

    def paint(
        self,
        request: PaintRequest,
        until: datetime,
        on_draft: Callable[[bytes], None],
        calls: Calls,
    ) -> list[bytes]:
        calls.begin()
        self.journal.append("paint")
        self.asked.append((request, until))
        self.identifiers.append(request.safety_identifier)
        for draft in self.drafts:
            on_draft(draft)
        answer = self._next(calls)
        assert isinstance(answer, bytes | list)
        return [answer] if isinstance(answer, bytes) else answer

    def _next(self, calls: Calls) -> Scripted:
        self.meanwhile()
        calls.used(self.model, self.uses)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class PlainIdentifiers:
    """Implements `SafetyIdentifiers`."""

    def of(self, user_id: str) -> str:
        return f"identifier of {user_id}"


class RecordingWords:
    """Implements `Words`.

    Attributes:
        said: what was added, in order.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self.unwanted: Future[None] = Future()

    def add(self, text: str) -> None:
        self.said.append(text)

    @property
    def text(self) -> str:
        return "".join(self.said)


class RecordingCalls:
    """Implements `Calls`, with room for any number of them.

    Attributes:
        told: `begin` and `not_billed`, in order.
        uses: what each call that may have been billed has used, and which model was asked.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.uses: list[tuple[str, Usage | None]] = []

    def begin(self) -> None:
        self.told.append("begin")

    def not_billed(self) -> None:
        self.told.append("not_billed")

    def used(self, model: str, usage: Usage | None) -> None:
        self.uses.append((model, usage))

    def brought(self, pictures: int) -> None:
        """What it costs is not asked here."""

    @property
    def billed(self) -> int:
        """How many were begun and may have been billed."""
        return self.told.count("begin") - self.told.count("not_billed")


class PlainTags:
    """Implements `CacheTags`, readably."""

    def picture(self, user_id: str, image_id: str) -> str:
        return f"picture {user_id} {image_id}"

    def chat(self, user_id: str, chat_id: str) -> str:
        return f"chat {user_id} {chat_id}"

    def user(self, user_id: str) -> str:
        return f"user {user_id}"


class PlainShareTokens:
    """Implements `ShareTokens`: of 22 characters, as others."""

    def token(self, user_id: str, image_id: str, number: int) -> str:
        return hashlib.sha256(f"{user_id} {image_id} {number}".encode()).hexdigest()[:22]

    def tag(self, user_id: str, image_id: str, number: int) -> str:
        return f"shared {user_id} {image_id} {number}"


@dataclass
class RecordingEdge:
    """Implements `Edge`.

    Attributes:
        asked: by reference, the keys and `#` tags that no cache may serve any more.
        busy: how many further requests are too many.
    """

    journal: list[str] = field(default_factory=list)
    asked: dict[str, list[str]] = field(default_factory=dict)
    busy: int = 0

    def invalidate(self, reference: str, keys: Sequence[str], tags: Sequence[str]) -> bool:
        if self.busy:
            self.busy -= 1
            return False
        self.journal.append("invalidate")
        self.asked[f"{reference} {list(keys)} {list(tags)}"] = [*keys, *(f"#{tag}" for tag in tags)]
        return True

    def forgotten(self) -> set[str]:
        """Every key and tag that was asked for."""
        return {key for keys in self.asked.values() for key in keys}


@dataclass
class RecordingDeletionStarter:
    """Implements `DeletionStarter`."""

    started: list[tuple[str, str]] = field(default_factory=list)

    def start(self, user_id: str, deletion: Deletion) -> None:
        self.started.append((user_id, deletion.name))


@dataclass
class RecordingStarter:
    """Implements `ImageStarter`.

    Attributes:
        fails: raised by every start, if set.
        meanwhile: called during each start.
    """

    started: list[tuple[str, str, int]] = field(default_factory=list)
    fails: Exception | None = None
    meanwhile: Callable[[], object] = lambda: None

    def start(self, user_id: str, job: Job) -> None:
        self.meanwhile()
        if self.fails is not None:
            raise self.fails
        self.started.append((user_id, job.id, job.attempt))


def nothing_shared(token: str, languages: str) -> dict[str, Any]:
    """The page of a link, where nobody has shared anything."""
    del token, languages
    return {"statusCode": 404, "headers": {}, "body": "nothing"}


class PlainUrls:
    """Implements `ImageUrls`: the key, recognisably."""

    def url(self, key: str) -> str:
        return f"https://pictures.test/cdn/{key}?signed"


class FakePicture:
    """Implements `DecodedPicture`; what it is made of shows in its files and its preview."""

    def __init__(self, data: bytes, studio: FakeStudio) -> None:
        self._data = data
        self._studio = studio

    def preview(self) -> str:
        time.sleep(self._studio.preview_takes)
        if self._studio.preview_fails:
            raise ValueError("no preview")
        return f"data:image/webp;base64,{b64encode(self._data).decode()}"

    def full(self) -> EncodedImage:
        return EncodedImage(b"full " + self._data, *self._studio.size)

    def thumbnail(self) -> EncodedImage:
        return EncodedImage(b"thumbnail " + self._data, 512, 384)

    def small(self) -> EncodedImage:
        return EncodedImage(b"small " + self._data, 768, 576)

    def color(self) -> str:
        return "#aabbcc"

    def thumbhash(self) -> str:
        return "3OcRJYB4d3h/iIeHeEh3eIhw+j2w"


@dataclass
class FakeStudio:
    """Implements `Studio` and `Intake`.

    Attributes:
        composites: bytes of which files say that something brought is in them.
        fails: raised by every decoding, if set.
        unreadable: bytes that are no picture.
        preview_takes: seconds.
        size: pixels of every picture; of one that a text model is shown by a smaller copy.
    """

    size: tuple[int, int] = (2048, 1536)
    fails: Exception | None = None
    unreadable: set[bytes] = field(default_factory=set)
    composites: list[bytes] = field(default_factory=list)
    preview_fails: bool = False
    preview_takes: float = 0

    def decode(self, data: bytes, *, composite: bool = False) -> FakePicture:
        if composite:
            self.composites.append(data)
        if self.fails is not None:
            raise self.fails
        if data in self.unreadable:
            raise NoImage("not a picture")
        return FakePicture(data, self)

    def bring(self, data: bytes) -> Brought:
        try:
            return Brought(b"stripped " + data, self.decode(data))
        except NoImage as error:
            raise NotAPicture(str(error)) from error
