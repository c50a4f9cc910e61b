"""What a client reads over HTTP: messages, chats, pictures, usage. Only the caller's own rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Generic, TypeVar

from afterimage.domain import ids, quota
from afterimage.domain.channels import Channel
from afterimage.domain.errors import Invalid, NotFound
from afterimage.domain.images import Image, Origin
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import DailyLimits
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import usd
from afterimage.domain.words import has_all, words_of
from afterimage.ports.chats import ChatReader, ImageReader, MessageReader, UsageReader
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.attach import Attach

_TYPICAL_OF = 10  # pictures whose median is the typical time
_SEARCH_STEP = 100
_SEARCH_ROWS = 1_000  # read for one page of a search; the cursor leads on from there

RowT = TypeVar("RowT")
PagedT = TypeVar("PagedT", Message, Image)


@dataclass(frozen=True)
class Page(Generic[RowT]):
    """Rows, newest first, and the cursor of the next page if there may be one."""

    rows: Sequence[RowT]
    cursor: str | None


@dataclass(frozen=True)
class Usage:
    """What the caller may do today and has done.

    Attributes:
        image_calls: calls of image models that may have been billed.
        text_calls: the same of text models.
        painting: pictures that are with the painter now.
        painting_limit: how many may be at a time.
        cost_usd: US dollars for calls of models today.
        typical_ms: median time from the painter's order to picture of the latest pictures; None
            without any.
        typical_ms_by_model: the same by the name of the image model.
    """

    limit: int
    used: int
    resets_at: datetime
    message_limit: int
    messages_used: int
    upload_limit: int
    uploads_used: int
    image_calls: int
    image_call_limit: int
    text_calls: int
    text_call_limit: int
    painting: int
    painting_limit: int
    cost_usd: str
    typical_ms: int | None
    typical_ms_by_model: Mapping[str, int | None]


def cursor_behind(row: Message | Image) -> str:
    """The cursor of the page that begins behind this row."""
    return row.id


class ReadMessages:
    def __init__(self, messages: MessageReader, chats: ChatReader, attach: Attach) -> None:
        self._messages = messages
        self._chats = chats
        self._attach = attach

    def one(self, user_id: str, chat_id: str, message_id: str) -> Message:
        """Raises: NotFound."""
        if not ids.is_chat_id(chat_id) or not ids.is_ulid(message_id):
            raise NotFound
        message = self._messages.get(user_id, chat_id, message_id)
        if message is None:
            raise NotFound
        (attached,) = self._attach(user_id, [message])
        return attached

    def page(
        self, user_id: str, chat_id: str, limit: int, cursor: str | None, around: str | None
    ) -> Page[Message]:
        """A page of a chat, newest first.

        Args:
            cursor: of the page before.
            around: id of a message to stand in the middle, instead of a cursor.
        """
        if not ids.is_chat_id(chat_id):
            raise Invalid("malformed chat_id")
        middle = None if around is None else _ulid(around)
        before = None if cursor is None else _ulid(cursor)
        if self._chats.get(user_id, chat_id) is None:
            return Page([], None)  # there never was one, or it is being deleted
        if middle is not None:
            page = self._around(user_id, chat_id, limit, middle)
        else:
            page = _page(self._messages.before(user_id, chat_id, before, limit), limit)
        return Page(self._attach(user_id, page.rows), page.cursor)

    def _around(self, user_id: str, chat_id: str, limit: int, around: str) -> Page[Message]:
        newer = self._messages.starting(user_id, chat_id, around, (limit + 1) // 2)
        older = self._messages.before(user_id, chat_id, around, limit - len(newer))
        rows = [*newer[::-1], *older]
        full = len(older) == limit - len(newer)
        return Page(rows, cursor_behind(rows[-1]) if rows and full else None)


class ReadImages:
    def __init__(self, images: ImageReader, chats: ChatReader) -> None:
        self._images = images
        self._chats = chats

    def page(
        self,
        user_id: str,
        limit: int,
        cursor: str | None,
        words: str | None,
        origin: Origin | None = None,
    ) -> Page[Image]:
        """The gallery, newest first.

        Args:
            words: that a picture's prompt must have, all of them.
            origin: where it must come from.
        """
        before = None if cursor is None else _ulid(cursor)
        wanted = words_of(words or "")
        if wanted or origin is not None:

            def is_wanted(image: Image) -> bool:
                return origin in (None, image.origin) and has_all(image.prompt, wanted)

            return self._search(user_id, limit, before, is_wanted)
        page = _page(self._images.before(user_id, before, limit), limit)
        return Page(self._shown(user_id, page.rows), page.cursor)

    def one(self, user_id: str, image_id: str) -> Image:
        """Raises: NotFound."""
        image = self._images.get(user_id, image_id)
        if image is None or not self._shown(user_id, [image]):
            raise NotFound
        return image

    def _shown(self, user_id: str, images: Sequence[Image]) -> list[Image]:
        """Without those that go with a chat that is being deleted."""
        hidden = self._chats.being_deleted(user_id)
        return [image for image in images if image.chat_id not in hidden]

    def _search(
        self, user_id: str, limit: int, before: str | None, is_wanted: Callable[[Image], bool]
    ) -> Page[Image]:
        found: list[Image] = []
        for _ in range(_SEARCH_ROWS // _SEARCH_STEP):
            rows = self._images.before(user_id, before, _SEARCH_STEP)
            for image in self._shown(user_id, rows):
                if is_wanted(image):
                    found.append(image)
                    if len(found) == limit:
                        return Page(found, image.id)
            if len(rows) < _SEARCH_STEP:
                return Page(found, None)
            before = rows[-1].id
        return Page(found, before)


class ReadUsage:
    def __init__(
        self,
        usage: UsageReader,
        read_channel: Callable[[str], Channel],
        clock: Clock,
        limits: DailyLimits,
        painting_limit: int,
        upload_limit: int,
        models: Callable[[], Mapping[str, str]],
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._usage = usage
        self._read_channel = read_channel
        self._clock = clock
        self._limits = limits
        self._painting_limit = painting_limit
        self._upload_limit = upload_limit
        self._models = models
        self._log = log
        self._metrics = metrics

    def __call__(self, user_id: str) -> Usage:
        now, limits = self._clock.now(), self._limits
        used = self._usage.used(user_id, quota.day_of(now))
        recent = self._usage.recent_jobs(user_id, _TYPICAL_OF)
        return Usage(
            limit=limits.daily_images,
            used=used.images,
            resets_at=quota.resets_at(now),
            message_limit=limits.daily_messages,
            messages_used=used.messages,
            upload_limit=self._upload_limit,
            uploads_used=used.uploads,
            image_calls=used.image_calls,
            image_call_limit=limits.image_calls,
            text_calls=used.text_calls,
            text_call_limit=limits.text_calls,
            painting=len(self._read_channel(user_id).painting),
            painting_limit=self._painting_limit,
            cost_usd=usd(used.nano_usd),
            typical_ms=_typical_ms(recent),
            typical_ms_by_model={
                name: _typical_ms([job for job in recent if job.model == model])
                for name, model in self._known_models().items()
            },
        )

    def _known_models(self) -> Mapping[str, str]:
        try:
            return self._models()
        except Exception:  # noqa: BLE001 - what is left of the day is known all the same
            self._log.exception("model_catalogue_unread")
            self._metrics.add(Metric.DEFECTS)
            return {}


def _typical_ms(jobs: Sequence[Job]) -> int | None:
    # What was there before it was asked for took nobody's time.
    times = [
        (job.ended_at - job.handed_over_at).total_seconds() * 1000
        for job in jobs
        if job.status is JobStatus.SUCCEEDED and job.ended_at not in (None, job.handed_over_at)
    ]
    return round(median(times)) if times else None


def _page(rows: Sequence[PagedT], limit: int) -> Page[PagedT]:
    return Page(rows, cursor_behind(rows[-1]) if len(rows) == limit else None)


def _ulid(text: str) -> str:
    if not ids.is_ulid(text):
        raise Invalid("malformed cursor")
    return text
