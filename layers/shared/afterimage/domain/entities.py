"""The things the bundle is about, as plain immutable values. Times are aware UTC datetimes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from afterimage.domain import image_sizes
from afterimage.domain.errors import Failure
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.served import NOBODY, Served
from afterimage.domain.shares import Share

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


class Origin(StrEnum):
    """Where a picture comes from."""

    PAINTED = "painted"
    UPLOAD = "upload"


OPEN = frozenset({Status.THINKING, Status.GENERATING})


class TitleOrigin(StrEnum):
    """Whose words a chat's title is: the first of its first message, a model's, or a person's."""

    TEXT = "text"
    MODEL = "model"
    PERSON = "person"


class SlotStatus(StrEnum):
    WAITING = "waiting"
    GENERATING = "generating"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN_SLOT = frozenset({SlotStatus.WAITING, SlotStatus.GENERATING})
_TRIED_AGAIN = frozenset({SlotStatus.FAILED, SlotStatus.CANCELLED})


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
        message_id: of the answer that it was painted for; None if somebody has brought it.
        chat_id: whose deletion deletes it; None likewise.
        size: bytes of the full-size file.
        color: the dominant colour, `#rrggbb`.
        thumbhash: base64 of the picture's thumbhash (evanw.github.io/thumbhash).
        tagged: whether its files carry cache tags, by which the edge forgets them.
        source_image_ids: the pictures that it was painted after, whether they are there or not.
        composite: whether something that somebody brought is in what was painted.
        index: its place in the model's answer: 0 was asked for, what follows came with it.
        share: how it is shared; None if it is not.
        shares_begun: how many sharings of it have been begun, of which the last may be `share`. In
            what a message holds of its pictures it is not said.
    """

    id: str
    message_id: str | None
    chat_id: str | None
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
    origin: Origin = Origin.PAINTED
    source_image_ids: tuple[str, ...] = ()
    composite: bool = False
    index: int = 0
    share: Share | None = None
    shares_begun: int = 0

    @property
    def has_brought(self) -> bool:
        """Whether somebody brought it, or something that is in it."""
        return self.composite or self.origin is Origin.UPLOAD


@dataclass(frozen=True)
class Slot:
    """The place of one picture in an answer, from its order on.

    Attributes:
        id: of its job, and of its picture.
        refunded: whether the picture of a cancelled one went back to its day.
        unasked: its picture came with that of another slot, and nobody had asked for it.
        deadline: by when an open one must have ended.
    """

    id: str
    status: SlotStatus = SlotStatus.GENERATING
    image: Image | None = None
    image_deleted: bool = False
    error: FailureNote | None = None
    refunded: bool = False
    unasked: bool = False
    deadline: datetime | None = None

    @classmethod
    def of(cls, job: Job, deadline: datetime) -> Slot:
        """The slot of a job that has been ordered."""
        waits = job.status is JobStatus.WAITING
        status = SlotStatus.WAITING if waits else SlotStatus.GENERATING
        return cls(job.id, status, deadline=deadline)

    @classmethod
    def unordered(cls, slot_id: str, note: FailureNote) -> Slot:
        """The slot of a picture that was asked for and could not be ordered."""
        return cls(slot_id, SlotStatus.FAILED, error=note)

    @property
    def is_open(self) -> bool:
        """Whether its picture may still come."""
        return self.status in _OPEN_SLOT

    @property
    def may_be_tried(self) -> bool:
        """Whether it has ended without a picture."""
        return self.status in _TRIED_AGAIN

    @property
    def is_charged(self) -> bool:
        """Whether its picture counts for its day."""
        return not (self.unasked or self.refunded or self.status is SlotStatus.FAILED)

    def begun(self, deadline: datetime) -> Slot:
        """The same slot once its job's turn has come."""
        return replace(self, status=SlotStatus.GENERATING, deadline=deadline)

    def painted(self, image: Image) -> Slot:
        """The same slot with its picture."""
        return replace(self, status=SlotStatus.COMPLETE, image=image, error=None, deadline=None)

    def failed(self, note: FailureNote) -> Slot:
        """The same slot, ended with a reason."""
        return replace(self, status=SlotStatus.FAILED, error=note, refunded=False, deadline=None)

    def cancelled(self, *, refunded: bool) -> Slot:
        """The same slot, ended by its user."""
        return replace(self, status=SlotStatus.CANCELLED, refunded=refunded, deadline=None)


@dataclass(frozen=True)
class Message:
    """One bubble of a chat.

    An answer with pictures has a slot for each of them; its status, error and deadline follow from
    its slots.

    Attributes:
        version: grows by one with every change.
        count: how many pictures the client asked for; None leaves it to the model.
        image_size: how large the client asked for them; None leaves it at the usual.
        image_model: name of the image model that it chose; None if it chose none.
        slots: those of the pictures that were asked for, in order, then those of what came with
            them.
        parts: the model's own parts as JSON, sent back to it unchanged in later turns.
        reply_to: id of the message that an answer answers.
        tries: how often the answer has been tried, from 1.
        try_version: the version with which this try began.
        source_image_ids: the pictures that an answer's own are made of, whether they are there or
            not, in the order in which its prompt speaks of them.
        image_ids: the pictures that its user has named.
        attachments: these as they are now, in this order; None where one is gone. Not stored: who
            reads a message fills them in.
        deadline: when to look at an open message: the earliest time by which something of it must
            have ended.
        lease_until: until when the function that answers is surely still at it.
        version_of: id of the first question of its line; None of that one's own pair.
        stands: whether its pair is the one of its line that counts (`domain/versions.py`).
        stood_before: of an answer, the question whose pair its own displaced.
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
    count: int | None = None
    slots: tuple[Slot, ...] = ()
    error: FailureNote | None = None
    parts: str | None = None
    reply_to: str | None = None
    tries: int = 1
    try_version: int = 1
    deadline: datetime | None = None
    lease_until: datetime | None = None
    image_size: ImageSize | None = None
    image_model: str | None = None
    source_image_ids: tuple[str, ...] = ()
    image_ids: tuple[str, ...] = ()
    attachments: tuple[Image | None, ...] = ()
    version_of: str | None = None
    stands: bool = True
    stood_before: str | None = None

    @property
    def line(self) -> str:
        """Id of its line: that of the first question of it."""
        return self.version_of or self.reply_to or self.id

    @property
    def is_open(self) -> bool:
        """Whether an answer is still under way."""
        return self.status in OPEN

    @property
    def next_try(self) -> int:
        """Number of the try that an order now belongs to: the first of it ends the thinking."""
        return self.tries if self.status is Status.THINKING else self.tries + 1

    # --- What follows from its slots --------------------------------------------------------

    @property
    def job_id(self) -> str | None:
        """Id of the job of its first slot."""
        return self.slots[0].id if self.slots else None

    @property
    def asked(self) -> tuple[Slot, ...]:
        """The slots of the pictures that were asked for."""
        return tuple(slot for slot in self.slots if not slot.unasked)

    @property
    def open_slots(self) -> tuple[Slot, ...]:
        """Those whose picture may still come."""
        return tuple(slot for slot in self.slots if slot.is_open)

    @property
    def waiting(self) -> bool:
        """Whether no picture of it is with the painter, and some wait for their turn."""
        statuses = {slot.status for slot in self.slots}
        return SlotStatus.WAITING in statuses and SlotStatus.GENERATING not in statuses

    @property
    def images(self) -> tuple[Image, ...]:
        """Its pictures, as far as they are there."""
        return tuple(slot.image for slot in self.slots if slot.image is not None)

    @property
    def image(self) -> Image | None:
        """The first of them."""
        return self.images[0] if self.images else None

    @property
    def image_deleted(self) -> bool:
        """Whether it had pictures and has none any more."""
        return not self.images and any(slot.image_deleted for slot in self.slots)

    def slot(self, slot_id: str) -> Slot | None:
        """The slot with this id, which is a job's for as long as the job is its current one."""
        return next((slot for slot in self.slots if slot.id == slot_id), None)

    # --- Its place in its line --------------------------------------------------------------

    @property
    def has_something(self) -> bool:
        """Whether an answer that has ended has something to show."""
        return self.status is not Status.FAILED and bool(self.images or self.text)

    def placed(self, *, stands: bool, stood_before: str | None = None) -> Message:
        """The same message once its pair stands, or does not any more."""
        return replace(self, version=self.version + 1, stands=stands, stood_before=stood_before)

    def is_still(self, read: Message) -> bool:
        """Whether nothing of an open answer but its place has changed since it was read: the same
        function is at the same try of it."""
        then, now = (
            (one.status, one.try_version, one.tries, one.lease_until) for one in (read, self)
        )
        return self.is_open and now == then

    def placed_as(self, now: Message) -> Message:
        """The same message with the place that it has by now."""
        return replace(self, version=now.version, stands=now.stands, stood_before=now.stood_before)

    # --- What it becomes --------------------------------------------------------------------

    def generating(
        self, job: Job, slots: Mapping[int, Slot], parts: str, lease: datetime
    ) -> Message:
        """The same message once pictures have been ordered.

        Args:
            job: one of those ordered.
            slots: what was ordered, by its place among the slots; at least one of it is open.
        """
        again = dict(enumerate(self.slots)) | dict(slots)
        ordered = self.with_slots([again[place] for place in sorted(again)])
        return replace(
            ordered,
            type=MessageType.IMAGE,
            prompt=job.prompt,
            aspect_ratio=job.aspect_ratio,
            source_image_ids=job.source_image_ids,
            parts=parts,
            tries=self.next_try,
            try_version=self.try_version if self.next_try == self.tries else ordered.version,
            lease_until=lease if ordered.is_open else None,
        )

    def begun(self, slot_id: str, deadline: datetime) -> Message:
        """The same message once the turn of one of its pictures has come."""
        return self.changed(slot.begun(deadline) for slot in self.slots if slot.id == slot_id)

    def thinking_again(self, deadline: datetime, lease: datetime) -> Message:
        """The same message, asked of the text model once more."""
        return replace(
            self,
            version=self.version + 1,
            type=MessageType.TEXT,
            status=Status.THINKING,
            text="",
            parts=None,
            error=None,
            tries=self.next_try,
            try_version=self.version + 1,
            deadline=deadline,
            lease_until=lease,
        )

    def answered(self, text: str, parts: str) -> Message:
        """The same message with the model's reply."""
        ended = self._ended(Status.COMPLETE)
        said = replace(ended, text=text, parts=parts)
        return replace(said, aspect_ratio=None, count=None, image_size=None, image_model=None)

    def failed(self, failure: Failure, now: datetime) -> Message:
        """The same message, ended with a reason before it had any picture to wait for."""
        return replace(self._ended(Status.FAILED), error=FailureNote.of(failure, now))

    def cancelled(self) -> Message:
        """The same message, ended by its user before it had any picture to wait for."""
        return self._ended(Status.CANCELLED)

    def without_image(self, image_id: str) -> Message:
        """The same message after one of its pictures has been deleted."""
        return self.changed(
            replace(slot, image=None, image_deleted=True)
            for slot in self.slots
            if slot.image is not None and slot.image.id == image_id
        )

    def with_image(self, image: Image) -> Message:
        """The same message with one of its pictures as it is now."""
        return self.changed(
            replace(slot, image=image)
            for slot in self.slots
            if slot.image is not None and slot.image.id == image.id
        )

    def changed(self, slots: Iterable[Slot], come: Sequence[Slot] = ()) -> Message:
        """The same message with some slots as they are now.

        Args:
            slots: in place of those with their ids.
            come: further ones.
        """
        now = {slot.id: slot for slot in slots}
        return self.with_slots([*(now.get(slot.id, slot) for slot in self.slots), *come])

    def with_slots(self, slots: Sequence[Slot]) -> Message:
        """The same message with these slots, and with what follows from them."""
        status = _status_of(slots)
        first_failed = next((slot.error for slot in slots if slot.error is not None), None)
        deadlines = [slot.deadline for slot in slots if slot.is_open and slot.deadline is not None]
        return replace(
            self,
            version=self.version + 1,
            slots=tuple(slots),
            status=status,
            error=first_failed if status is Status.FAILED else None,
            deadline=min(deadlines, default=None),
            lease_until=self.lease_until if status in OPEN else None,
        )

    def _ended(self, status: Status) -> Message:
        ended = replace(self, version=self.version + 1, status=status)
        return replace(ended, deadline=None, lease_until=None)

    def model_parts(self) -> list[dict[str, Any]]:
        """The model's own parts, as it sent them; empty where it never answered."""
        return [] if self.parts is None else list(json.loads(self.parts))


def _status_of(slots: Sequence[Slot]) -> Status:
    """What a message with these slots is: open while one is, then the best of what came."""
    statuses = {slot.status for slot in slots}
    if statuses & _OPEN_SLOT:
        return Status.GENERATING
    if SlotStatus.COMPLETE in statuses:
        return Status.COMPLETE
    return Status.CANCELLED if SlotStatus.CANCELLED in statuses else Status.FAILED


@dataclass(frozen=True)
class Chat:
    """A conversation.

    Attributes:
        pinned: whether it stands before the others, whenever it last changed.
        last_line: id of the line that was begun last; None where none has been since lines are
            counted.
    """

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    pinned: bool = False
    title_origin: TitleOrigin = TitleOrigin.TEXT
    last_line: str | None = None


@dataclass(frozen=True)
class OrderedPicture:
    """What calls of a painter are for: its price, where their answers do not say theirs.

    Attributes:
        model: id of the one that is asked first.
        size: that is asked for.
    """

    job_id: str
    model: str
    size: ImageSize


@dataclass(frozen=True)
class Job:
    """One try to paint one picture; its row is audit log, rate limit and job record in one.

    Attributes:
        aspect_ratio: None leaves it to the model, which follows the first source.
        source_image_ids: the pictures that it is made of, in their order.
        attempt: how often a function has been asked to run it, from 1.
        image_size: how large it is asked for.
        pictures: what it takes of the day's limit; of one that has succeeded, what came counts.
        counts: what a picture of each smaller size would count for.
        slot: place of its picture among those that were asked for, from 0.
        quota_day: the UTC day (`YYYY-MM-DD`) whose quota it was taken from.
        turn_at: when its turn came; None if it has not yet, or if it never had to wait.
        claimed_by: request id of the invocation that runs it, or ran it.
        purge_at: from when on what an ended job uploaded is removed; None once it is.
        cost_nano_usd: what the calls for it cost that were noted, however it ended.
    """

    id: str
    chat_id: str
    message_id: str
    prompt: str
    aspect_ratio: str | None
    quota_day: str
    model: str
    created_at: datetime
    source_image_ids: tuple[str, ...] = ()
    image_size: ImageSize = image_sizes.DEFAULT
    pictures: int = 1
    counts: Mapping[str, int] = field(default_factory=dict, hash=False)
    slot: int = 0
    status: JobStatus = JobStatus.RESERVED
    attempt: int = 1
    turn_at: datetime | None = None
    claimed_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    price_usd: str | None = None
    error_code: str | None = None
    purge_at: datetime | None = None
    cost_nano_usd: int = 0

    @property
    def ordered(self) -> OrderedPicture:
        return OrderedPicture(self.id, self.model, self.image_size)

    @property
    def handed_over_at(self) -> datetime:
        """When it was handed to the painter."""
        return self.turn_at or self.created_at

    def counted(self, image: Image) -> int:
        """What its picture counts for: never more than was asked for, and less if it is smaller."""
        came = image_sizes.size_of(image.width, image.height)
        return min(self.pictures, self.counts.get(came, self.pictures))


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
        served: which numbers had their turn, of those who wait to commit.
        visible: of connections whose client somebody looks at, when that was last said.
        told: whether a browser of theirs has asked to be told by Web Push.
    """

    user_id: str
    seq: int = 0
    open_messages: int = 0
    deleted: bool = False
    connections: tuple[str, ...] = ()
    painting: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    ended: tuple[str, ...] = ()
    served: Served = NOBODY
    visible: Mapping[str, datetime] = field(default_factory=dict, hash=False)
    told: bool = False
