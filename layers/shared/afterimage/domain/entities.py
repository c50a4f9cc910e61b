"""The things the bundle is about, as plain immutable values. Times are aware UTC datetimes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterimage.domain.errors import Failure

TITLE_LENGTH = 80


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class MessageType(StrEnum):
    TEXT = "text"
    IMAGE = "image"


class Status(StrEnum):
    THINKING = "thinking"
    GENERATING = "generating"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.THINKING, Status.GENERATING})


class JobStatus(StrEnum):
    WAITING = "waiting"
    RESERVED = "reserved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class FailureNote:
    """Why a message failed, as kept in its row.

    Attributes:
        retry_at: from when on trying again makes sense.
    """

    code: str
    message: str
    retry_at: datetime | None = None

    @classmethod
    def of(cls, failure: Failure, now: datetime) -> FailureNote:
        wait = failure.retry_after
        retry_at = None if wait is None else now + timedelta(seconds=wait)
        return cls(failure.code, failure.public, retry_at)


@dataclass(frozen=True)
class Image:
    """A picture in the gallery. Holds S3 keys, never URLs.

    Attributes:
        size: bytes of the full-size file.
        color: the dominant colour, `#rrggbb`.
        thumbhash: base64 of the picture's thumbhash (evanw.github.io/thumbhash).
        tagged: whether its files carry cache tags, by which the edge forgets them.
    """

    id: str
    message_id: str
    chat_id: str
    prompt: str
    created_at: datetime
    key: str
    thumbnail_key: str
    width: int
    height: int
    size: int
    color: str
    thumbhash: str
    tagged: bool = False


@dataclass(frozen=True)
class Message:
    """One bubble of a chat.

    Attributes:
        version: grows by one with every change.
        parts: the model's own parts as JSON, sent back to it unchanged in later turns.
        reply_to: id of the message that an answer answers.
        tries: how often the answer has been tried, from 1.
        waiting: whether its picture waits for its turn with the painter.
        refunded: whether the picture of a cancelled one went back to its day.
        deadline: by when an open message must have ended.
        lease_until: until when the function that answers is surely still at it.
    """

    id: str
    chat_id: str
    role: Role
    text: str
    created_at: datetime
    version: int = 1
    type: MessageType = MessageType.TEXT
    status: Status = Status.COMPLETE
    prompt: str | None = None
    aspect_ratio: str | None = None
    image: Image | None = None
    image_deleted: bool = False
    error: FailureNote | None = None
    parts: str | None = None
    job_id: str | None = None
    reply_to: str | None = None
    tries: int = 1
    waiting: bool = False
    refunded: bool = False
    deadline: datetime | None = None
    lease_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still under way."""
        return self.status in OPEN

    @property
    def next_try(self) -> int:
        """Number of the try that an order now belongs to: another one if this has ended."""
        return self.tries if self.is_open else self.tries + 1

    def generating(self, job: Job, parts: str, deadline: datetime, lease: datetime) -> Message:
        """The same message once a picture has been ordered."""
        return replace(
            self,
            version=self.version + 1,
            type=MessageType.IMAGE,
            status=Status.GENERATING,
            prompt=job.prompt,
            aspect_ratio=job.aspect_ratio,
            parts=parts,
            error=None,
            job_id=job.id,
            tries=self.next_try,
            waiting=job.status is JobStatus.WAITING,
            refunded=False,
            deadline=deadline,
            lease_until=lease,
        )

    def begun(self, deadline: datetime) -> Message:
        """The same message once the turn of its picture has come."""
        return replace(self, version=self.version + 1, waiting=False, deadline=deadline)

    def thinking_again(self, deadline: datetime, lease: datetime) -> Message:
        """The same message, asked of the text model once more."""
        return replace(
            self,
            version=self.version + 1,
            type=MessageType.TEXT,
            status=Status.THINKING,
            parts=None,
            error=None,
            tries=self.next_try,
            deadline=deadline,
            lease_until=lease,
        )

    def answered(self, text: str, parts: str) -> Message:
        """The same message with the model's reply."""
        ended = self._ended(Status.COMPLETE)
        return replace(ended, text=text, parts=parts, aspect_ratio=None)

    def painted(self, image: Image) -> Message:
        """The same message with its picture."""
        return replace(self._ended(Status.COMPLETE), image=image)

    def failed(self, failure: Failure, now: datetime) -> Message:
        """The same message, ended with a reason."""
        return replace(self._ended(Status.FAILED), error=FailureNote.of(failure, now))

    def cancelled(self, *, refunded: bool = False) -> Message:
        """The same message, ended by its user."""
        return replace(self._ended(Status.CANCELLED), refunded=refunded)

    def without_image(self) -> Message:
        """The same message after its picture has been deleted."""
        return replace(self, version=self.version + 1, image=None, image_deleted=True)

    def _ended(self, status: Status) -> Message:
        ended = replace(self, version=self.version + 1, status=status)
        return replace(ended, waiting=False, deadline=None, lease_until=None)

    def model_parts(self) -> list[dict[str, Any]]:
        """The model's own parts, as it sent them; empty where it never answered."""
        return [] if self.parts is None else list(json.loads(self.parts))


@dataclass(frozen=True)
class Chat:
    id: str
    title: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Job:
    """One try to paint one picture; its row is audit log, rate limit and job record in one.

    Attributes:
        attempt: how often a function has been asked to run it, from 1.
        quota_day: the UTC day (`YYYY-MM-DD`) whose quota it was taken from.
        message_version: version of the message that waits for it.
        turn_at: when its turn came; None if it has not yet, or if it never had to wait.
        claimed_by: request id of the invocation that runs it, or ran it.
        purge_at: from when on what an ended job uploaded is removed; None once it is.
    """

    id: str
    chat_id: str
    message_id: str
    message_version: int
    prompt: str
    aspect_ratio: str
    quota_day: str
    model: str
    created_at: datetime
    status: JobStatus = JobStatus.RESERVED
    attempt: int = 1
    turn_at: datetime | None = None
    claimed_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    price_usd: str | None = None
    error_code: str | None = None
    purge_at: datetime | None = None

    @property
    def handed_over_at(self) -> datetime:
        """When it was handed to the painter."""
        return self.turn_at or self.created_at


@dataclass(frozen=True)
class Channel:
    """A user's unified channel as one consistent read shows it.

    Attributes:
        seq: number of the latest event; 0 before the first.
        open_messages: answers under way.
        connections: ids of the connections that get live frames, oldest first.
        painting: ids of the jobs that are the painter's: reserved or running.
        waiting: ids of the jobs that wait for their turn.
        ended: ids of connections that get no more frames, by their token's end or their age.
    """

    user_id: str
    seq: int = 0
    open_messages: int = 0
    deleted: bool = False
    connections: tuple[str, ...] = ()
    painting: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    ended: tuple[str, ...] = ()
