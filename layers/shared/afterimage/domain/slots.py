"""The place of one picture in an answer, as a plain immutable value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus


class SlotStatus(StrEnum):
    WAITING = "waiting"
    GENERATING = "generating"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = frozenset({SlotStatus.WAITING, SlotStatus.GENERATING})
_TRIED_AGAIN = frozenset({SlotStatus.FAILED, SlotStatus.CANCELLED})


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
        return self.status in _OPEN

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
