"""What the guards of all formats share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

MOST_HEADERS = 20_000  # segments or chunks; a large PNG has about 5,000
MEGABYTE = 1024 * 1024
LARGEST_EXIF = 64 * 1024  # bytes; what fits into one JPEG segment
LARGEST_PROFILE = MEGABYTE  # bytes


@dataclass(frozen=True)
class Checked:
    """A file that may be decoded.

    Attributes:
        data: the file, without what the pixels do not need.
        has_end: False if it is a JPEG that does not say where it ends.
        notes: contents of a PNG's header and of the chunks that say how its pixels are meant.
    """

    data: bytes
    has_end: bool = True
    notes: Mapping[bytes, bytes] = field(default_factory=dict)


class Walk(Protocol):
    """Over one file.

    Attributes:
        kept: the parts that a decoder may see, in their order. The last one may end behind what
            has come so far: then the rest of it may be seen, too.
    """

    kept: list[slice]

    def go_on(self, data: bytes | bytearray, *, is_all: bool) -> None:
        """Look at what has come since the last time, as far as it can be judged.

        Args:
            data: from the file's beginning on.
            is_all: whether nothing follows.

        Raises:
            NoImage: looking closer may take too long.
        """

    def checked(self, data: bytes) -> Checked:
        """The whole file, behind its end. Raises: NoImage, as above."""


def keep(kept: list[slice], part: slice) -> None:
    """One more; what lies one behind the other is one part, and so a few are all."""
    if kept[-1].stop == part.start:
        kept[-1] = slice(kept[-1].start, part.stop)
    else:
        kept.append(part)


def only(data: bytes, kept: Sequence[slice]) -> bytes:
    """These parts of a file; the file itself, not a copy of it, if that is all."""
    if len(kept) == 1 and kept[0].stop >= len(data):
        return data
    view = memoryview(data)
    return b"".join(view[part] for part in kept)
