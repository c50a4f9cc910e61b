"""A picture's job, as a plain immutable value. How it moves is drawn in `job_life.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from afterimage.domain import image_sizes
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.images import Image


class JobStatus(StrEnum):
    WAITING = "waiting"
    RESERVED = "reserved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
