"""A picture in the gallery, as a plain immutable value. Times are aware UTC datetimes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from afterimage.domain.shares import Share


class Origin(StrEnum):
    """Where a picture comes from."""

    PAINTED = "painted"
    UPLOAD = "upload"


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
