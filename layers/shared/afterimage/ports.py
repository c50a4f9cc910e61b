"""What the use cases need from the world, in the smallest pieces they need it in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from afterimage.domain.changes import Transition
from afterimage.domain.conversation import Turn
from afterimage.domain.deletions import Deletion
from afterimage.domain.entities import Channel, Chat, Image, Job, Message
from afterimage.domain.events import EventReference
from afterimage.domain.metrics import Metric


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class ChannelStore(Protocol):
    def read(self, user_id: str) -> Channel:
        """Counter and connections, strongly consistent, in one round trip.

        Of an account that was deleted so long ago that it is no longer refused, nothing is left.
        """

    def commit(self, channel: Channel, transition: Transition, now: datetime) -> None:
        """Apply all of it, or nothing, if `seq` is still `channel.seq`.

        Raises:
            ConditionsFailed: a change's own condition does not hold.
            AccountDeleted: the user's account has been deleted, and is refused still.
            LostRace: somebody else came first; worth repeating from `read`.
        """

    def forget(self, user_id: str, connection_id: str) -> None:
        """Remove a connection; nothing happens if it is gone already."""


class ConnectionRegistry(Protocol):
    def register(self, user_id: str, connection_id: str, now: datetime) -> None:
        """Give a connection live frames from now on."""

    def read(self, user_id: str) -> Channel:
        """As `ChannelStore.read`."""

    def forget(self, user_id: str, connection_id: str) -> None:
        """As `ChannelStore.forget`."""


class TicketStore(Protocol):
    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        """Store a ticket's SHA-256."""

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        """Remove the ticket; whether it was there and fresh. True once at most."""


@dataclass(frozen=True)
class MessageKey:
    """Where one message is found."""

    user_id: str
    chat_id: str
    message_id: str


# The one index across users is spread over this many partitions.
OPEN_PARTITIONS = 16


class OpenIndex(Protocol):
    """What waits for the keeper, across users. Eventually consistent: look at the row itself."""

    def open_messages(
        self, partition: int, due_by: datetime
    ) -> Iterator[tuple[MessageKey, datetime]]:
        """Open messages with a deadline before that, and it; the most urgent of a partition first.

        Args:
            partition: from 0.
        """

    def open_of(self, user_id: str) -> Iterator[MessageKey]:
        """All of one user's open messages."""

    def users_with_open(self, part: int, parts: int) -> Iterator[str]:
        """Ids of users whose counter of open answers is not 0: one part of all users, from 0."""

    def due_removals(self, partition: int, now: datetime) -> Iterator[tuple[str, str]]:
        """`(user_id, name)` of what is to be removed by now.

        The name is a job's id (it has ended, and its uploads are to go) or a deletion's name.
        """


class EventLog(Protocol):
    def latest(self, user_id: str, limit: int, now: datetime) -> Sequence[EventReference]:
        """The newest references, newest first, strongly consistent."""

    def after(self, user_id: str, seq: int, limit: int, now: datetime) -> Sequence[EventReference]:
        """References with a number over `seq`, in order, at most `limit`, strongly consistent."""

    def settled(
        self, user_id: str, numbers: Sequence[int], now: datetime
    ) -> tuple[int, Sequence[EventReference]]:
        """The counter and those references that there are, as whole transactions left them.

        Raises:
            Busy: transactions on them are under way, for as long as it was tried.
        """


class RowReader(Protocol):
    """Rows by reference, for replay.

    What is not there is missing from the answer, and so is all of a chat that is being deleted.
    There are two kinds. A plain one reads strongly consistent, but row by row: of a transaction
    that has just been committed it may see one row new and another old. A settled one sees each
    row as whole transactions left it, or raises Busy; what it has seen, plain ones see from then
    on.
    """

    def messages(self, user_id: str, keys: Sequence[tuple[str, str]]) -> Sequence[Message]:
        """Messages by `(chat_id, message_id)`."""

    def images(self, user_id: str, ids: Sequence[str]) -> Sequence[Image]: ...

    def chats(self, user_id: str, ids: Sequence[str]) -> Sequence[Chat]: ...


class MessageReader(Protocol):
    def get(self, user_id: str, chat_id: str, message_id: str) -> Message | None:
        """Strongly consistent; None also while the chat is being deleted."""

    def before(
        self, user_id: str, chat_id: str, message_id: str | None, limit: int
    ) -> Sequence[Message]:
        """The newest messages with a smaller id, newest first, strongly consistent."""

    def starting(
        self, user_id: str, chat_id: str, message_id: str, limit: int
    ) -> Sequence[Message]:
        """The oldest messages from this id on, oldest first, strongly consistent."""


@dataclass(frozen=True)
class ChatPosition:
    """Where a page of chats ended; chats are ordered by when they last changed."""

    updated_at: str
    chat_id: str


class ChatReader(Protocol):
    def get(self, user_id: str, chat_id: str) -> Chat | None:
        """Strongly consistent; None also while the chat is being deleted."""

    def page(
        self, user_id: str, after: ChatPosition | None, limit: int
    ) -> tuple[Sequence[Chat], ChatPosition | None]:
        """Latest first, and where to go on."""

    def being_deleted(self, user_id: str) -> Collection[str]:
        """Ids of the chats that are marked, strongly consistent."""


class ImageReader(Protocol):
    def get(self, user_id: str, image_id: str) -> Image | None:
        """Strongly consistent."""

    def before(self, user_id: str, image_id: str | None, limit: int) -> Sequence[Image]:
        """The newest pictures with a smaller id, newest first, strongly consistent."""


@dataclass(frozen=True)
class DayUse:
    """What one user has used on one UTC day."""

    images: int
    messages: int


class UsageReader(Protocol):
    def used(self, user_id: str, day: str) -> DayUse: ...

    def recent_jobs(self, user_id: str, limit: int) -> Sequence[Job]:
        """The user's latest jobs, newest first."""


class ReportCounter(Protocol):
    def count_report(self, user_id: str, day: str) -> bool:
        """Count a report; False if there have been as many on that UTC day as messages."""


class JobStore(Protocol):
    def get(self, user_id: str, job_id: str) -> Job | None:
        """Strongly consistent."""

    def claim(
        self, user_id: str, job_id: str, attempt: int, now: datetime, claimed_by: str
    ) -> Job | None:
        """Move a reserved job to running; None if it is not `reserved` at this attempt.

        Args:
            claimed_by: request id of the invocation.
        """

    def move(self, user_id: str, before: Job, after: Job) -> bool:
        """Apply a move that no client sees; False if the job has moved meanwhile."""

    def purged(self, user_id: str, job_id: str) -> None:
        """Note that nothing the job uploaded is left."""


class DeletionStore(Protocol):
    """What was marked as deleted; `BeginDeletion` writes it together with the mark."""

    def get(self, user_id: str, name: str) -> Deletion | None:
        """Strongly consistent."""

    def begin(self, user_id: str, deletion: Deletion) -> None:
        """Note something to be deleted, in place of what is noted under its name."""

    def postpone(self, user_id: str, deletion: Deletion, until: datetime) -> None:
        """Look at it again then; nothing happens if it has been finished."""

    def finished(self, user_id: str, deletion: Deletion) -> None:
        """Nothing is left to do."""


class ChatRows(Protocol):
    """Rows of a chat, removed in bulk; those that are not there do not matter."""

    def remove_messages(self, user_id: str, chat_id: str, ids: Sequence[str]) -> None: ...

    def remove_images(self, user_id: str, ids: Sequence[str]) -> None:
        """From the gallery."""

    def remove_jobs(self, user_id: str, ids: Sequence[str]) -> None: ...

    def remove_chat(self, user_id: str, chat_id: str) -> None:
        """The chat's own row, with its mark."""


class UserRows(StrEnum):
    """What a user has beside chats and messages."""

    IMAGES = "images"
    LEDGER = "ledger"
    CHANNEL = "channel"
    EVENTS = "events"


class AccountRows(Protocol):
    """Everything a user has, found and removed, strongly consistent."""

    def chats(self, user_id: str, limit: int) -> Sequence[str]:
        """Ids of chats, also of those being deleted."""

    def messages(self, user_id: str, chat_id: str, limit: int) -> Sequence[str]:
        """Ids of a chat's messages."""

    def remove_some(
        self, user_id: str, kind: UserRows, limit: int, keeping: Sequence[str] = ()
    ) -> bool:
        """Remove at most `limit` rows; whether there were any. The counter row always stays.

        Args:
            keeping: names of rows that stay as well.
        """


class DeletionStarter(Protocol):
    def start(self, user_id: str, deletion: Deletion) -> None:
        """Have it finished soon, without waiting for it. Never raises: the sweep finds it."""


class ImageStarter(Protocol):
    def start(self, user_id: str, job: Job) -> None:
        """Ask for a job to be run at its attempt, without waiting for it.

        Raises:
            ProviderUnavailable: it could not be asked for.
        """


@dataclass(frozen=True)
class TextReply:
    text: str
    parts: str


@dataclass(frozen=True)
class ImageRequest:
    """The text model asks for a picture.

    Attributes:
        parts: the model's own parts, as JSON.
    """

    prompt: str
    aspect_ratio: str | None
    parts: str


class TextModel(Protocol):
    def reply(self, turns: Sequence[Turn], until: datetime) -> TextReply | ImageRequest:
        """Ask the model, retrying where that is allowed, at most until `until`.

        Raises:
            Failure: there is no answer; which one says why.
        """


class ImageModel(Protocol):
    def paint(
        self,
        prompt: str,
        aspect_ratio: str,
        until: datetime,
        on_draft: Callable[[bytes], None],
    ) -> bytes:
        """Ask for one picture; the encoded bytes as the model sent them.

        Args:
            on_draft: called with the encoded bytes of each draft, should the model show any
                while it paints; it returns at once and raises nothing.

        Raises:
            Failure: there is no picture; which one says why.
        """


@dataclass(frozen=True)
class EncodedImage:
    """A picture made smaller.

    Attributes:
        data: WebP.
    """

    data: bytes
    width: int
    height: int


class DecodedPicture(Protocol):
    """A picture held as pixels, from which the files are made."""

    def preview(self) -> str:
        """A small inline WebP, as a `data:` URL of at most 12 KB."""

    def full(self) -> EncodedImage: ...

    def thumbnail(self) -> EncodedImage: ...

    def color(self) -> str: ...

    def thumbhash(self) -> str: ...


class Studio(Protocol):
    def decode(self, data: bytes) -> DecodedPicture:
        """Turn the model's bytes into pixels.

        Raises:
            NoImage: they are not a picture that we handle.
        """


class PictureStore(Protocol):
    def put_original(self, key: str, data: bytes) -> bool:
        """Store bytes unless the key exists; whether they were stored."""

    def put_webp(self, key: str, data: bytes, tags: Sequence[str] = ()) -> None:
        """Store a file that is shown; `tags` are `CacheTags`."""

    def get(self, key: str) -> bytes | None: ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove what is there of these."""


class PictureFolder(Protocol):
    def some_keys(self, prefix: str) -> Sequence[str]:
        """Some of the keys that begin with this, none only if there are none."""


# For how long the address of an original works. Whoever has it may use it, so it is short.
DOWNLOAD_LIFETIME = timedelta(minutes=5)


class Originals(Protocol):
    def download(self, key: str, name: str) -> str | None:
        """An address that serves this S3 key as an attachment for `DOWNLOAD_LIFETIME`.

        Args:
            name: of the file that is saved, without its ending.

        Returns:
            None if there is no such file.
        """


class CacheTags(Protocol):
    """By which caches find all files of one thing. A tag tells nobody else what it is about."""

    def picture(self, user_id: str, image_id: str) -> str: ...

    def chat(self, user_id: str, chat_id: str) -> str: ...

    def user(self, user_id: str) -> str: ...


class Edge(Protocol):
    def invalidate(self, reference: str, keys: Sequence[str], tags: Sequence[str]) -> bool:
        """Let no cache serve these S3 keys, nor what has one of these tags, any more.

        Args:
            reference: with the same keys and tags it is the same request, however often it is
                made.
            keys: each is two paths; it may end in `*`.
            tags: each is billed as one path, whatever number of files has it.

        Returns:
            False if too much is under way at the edge: to be tried again later.
        """


class Push(Protocol):
    def post(self, connection_id: str, frames: Sequence[str], until: datetime) -> bool:
        """Send frames in order; False if the connection is gone or deaf. Never raises.

        True does not say that all have arrived: what could not be sent, and what stood behind
        it, is dropped and counted.
        """

    def close(self, connection_id: str) -> None:
        """End a connection; nothing happens if it is gone already. Never raises."""


class ImageUrls(Protocol):
    def url(self, key: str) -> str:
        """A signed, expiring URL for an S3 key."""


class Metrics(Protocol):
    """Figures about the service: no ids, and nothing that anybody wrote."""

    def add(self, metric: Metric, value: float = 1) -> None:
        """Report a value in the metric's unit. Never raises."""

    def total(self, metric: Metric) -> float:
        """What has been reported of it since the last `flush`, summed."""

    def flush(self) -> None:
        """Let everything reported so far go; once an invocation, at its end."""


class Log(Protocol):
    """Structured log: an event name and its fields."""

    def about(self, **fields: object) -> None:
        """Fields of every further line of this invocation."""

    def info(self, event: str, /, **fields: object) -> None: ...

    def warning(self, event: str, /, **fields: object) -> None: ...

    def exception(self, event: str, /, **fields: object) -> None:
        """With the exception that is being handled."""
