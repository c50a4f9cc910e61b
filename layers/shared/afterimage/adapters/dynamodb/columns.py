"""How rows hold times, sizes, and the partition of an index."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from afterimage.domain import image_sizes
from afterimage.domain.image_sizes import ImageSize
from afterimage.ports.keeping import OPEN_PARTITIONS


def timestamp(at: datetime) -> str:
    """How a row holds a time: `2026-11-20T10:00:00.000Z`, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str) -> datetime:
    """What `timestamp` was made of."""
    return datetime.fromisoformat(text)


def epoch(at: datetime) -> int:
    """Unix time in whole seconds, as DynamoDB's time-to-live wants it."""
    return int(at.timestamp())


def open_partition(user_id: str) -> str:
    digest = hashlib.sha256(user_id.encode()).digest()
    return partition(digest[0] % OPEN_PARTITIONS)


def partition(number: int) -> str:
    """Name of one of the index's partitions, by its number from 0."""
    return f"{number:02d}"


def size_of(text: str | None) -> ImageSize | None:
    """A size that is known; a later version may have stored another."""
    return next((size for size in image_sizes.IMAGE_SIZES if size == text), None)


def from_epoch(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
