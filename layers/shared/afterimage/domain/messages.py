"""A message, as a plain immutable value, and what it becomes.

Every way in which one changes is a method of it, so that its fields never disagree; that makes this
file long. Which transaction goes with it is said where that is made (`endings.py`, `turns.py`, …).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from afterimage.domain.errors import Failure
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.domain.slots import Slot, SlotStatus


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


_OPEN = frozenset({Status.THINKING, Status.GENERATING})


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
        return self.status in _OPEN

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

    def with_images(self, images: Iterable[Image]) -> Message:
        """The same message with some of its pictures as they are now."""
        now = {image.id: image for image in images}
        return self.changed(
            replace(slot, image=now[slot.image.id])
            for slot in self.slots
            if slot.image is not None and slot.image.id in now
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
            lease_until=self.lease_until if status in _OPEN else None,
        )

    def _ended(self, status: Status) -> Message:
        ended = replace(self, version=self.version + 1, status=status)
        return replace(ended, deadline=None, lease_until=None)

    def model_parts(self) -> list[dict[str, Any]]:
        """The model's own parts, as it sent them; empty where it never answered."""
        return [] if self.parts is None else list(json.loads(self.parts))


def _status_of(slots: Sequence[Slot]) -> Status:
    """What a message with these slots is: open while one is, then the best of what came."""
    if any(slot.is_open for slot in slots):
        return Status.GENERATING
    statuses = {slot.status for slot in slots}
    if SlotStatus.COMPLETE in statuses:
        return Status.COMPLETE
    return Status.CANCELLED if SlotStatus.CANCELLED in statuses else Status.FAILED
