"""In which of its files a picture goes to an image model that is to change it, or to use it.

A model takes JPEG, PNG and WebP, 7 MB each, and a request has a limit as well. Where an original is
no such file, or too large, the picture's full WebP goes in its place, which is as large in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SOURCES = 14  # that an image model takes (model page of Nano Banana 2.1)
LARGEST_SOURCE = 7_000_000  # bytes (the provider's limit of one file of a request)
MOST_TOGETHER = 60_000_000  # bytes; 80 MB in base64, of the provider's 100 MB for a request

WEBP = "image/webp"
KNOWN_BY = 12  # bytes that tell what a file is


@dataclass(frozen=True)
class StoredFiles:
    """The two files of one source.

    Attributes:
        mime_type: of the original; None if it is no kind that a model takes, or is not there.
        original: bytes.
        webp: bytes.
    """

    mime_type: str | None
    original: int
    webp: int


def mime_type(first: bytes) -> str | None:
    """What a file is, by its first `KNOWN_BY` bytes; None if a model does not take it."""
    if first.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    is_webp = first.startswith(b"RIFF") and first[8:KNOWN_BY] == b"WEBP"
    return WEBP if is_webp else None


def originals(sources: Sequence[StoredFiles]) -> set[int]:
    """Places of those that go as their originals; the others go as their WebP."""
    kept = {place for place, files in enumerate(sources) if _may_go(files)}

    def together() -> int:
        return sum(s.original if place in kept else s.webp for place, s in enumerate(sources))

    for place in sorted(kept, key=lambda place: sources[place].original, reverse=True):
        if together() > MOST_TOGETHER and sources[place].webp < sources[place].original:
            kept.remove(place)
    return kept


def _may_go(files: StoredFiles) -> bool:
    return files.mime_type is not None and files.original <= LARGEST_SOURCE
