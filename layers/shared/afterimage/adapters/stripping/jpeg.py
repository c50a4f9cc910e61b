"""JPEG (ITU-T T.81): segments, each a marker and its content, and pixels behind some of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afterimage.adapters.picture_guards import LARGEST_PROFILE
from afterimage.adapters.stripping.notes import MOST_PARTS, Notes, Stripped
from afterimage.domain.errors import NoImage

_START, _END, _SCAN = b"\xff\xd8", 0xD9, 0xDA
_NO_CONTENT = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI (table B.1)
# DHT, DAC, DQT, DRI and every SOF: what the pixels are decoded by.
_CODING = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD}) - {0xC8}
_JFIF, _NOTES, _COLORS, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE  # APP0, 1, 2, 14
_EXIF_NAME, _XMP_NAME = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_JFIF_NAME, _PROFILE_NAME, _ADOBE_NAME = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
_JFIF_LENGTH, _PROFILE_HEAD, _ADOBE_LENGTH = 14, 14, 12  # bytes

# Behind fill bytes and whatever else is no marker.
_MARKER = re.compile(rb"\xff([^\0\xff])")
# What ends the pixels of a scan: neither a 255 among them nor where a decoder may start anew.
_BEHIND_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")


@dataclass(frozen=True)
class _Segment:
    marker: int
    content: bytes = b""
    pixels: bytes = b""

    def begins(self, marker: int, name: bytes, least: int = 0) -> bool:
        return (
            self.marker == marker and self.content.startswith(name) and len(self.content) >= least
        )


def begins(data: bytes) -> bool:
    return data.startswith(_START)


def strip(data: bytes) -> Stripped:
    """Raises: NoImage, if it has segments without end."""
    segments = list(_segments(data))
    first_scan = next(
        (number for number, one in enumerate(segments) if one.marker == _SCAN), len(segments)
    )
    head = segments[:first_scan]
    notes = Notes.read(_first(head, _EXIF_NAME), _first(head, _XMP_NAME))
    kept = [_START, *_jfif(head), *_noted(notes), *_profile(head)]
    for segment in segments:
        if segment.begins(_ADOBE, _ADOBE_NAME, _ADOBE_LENGTH):
            kept.append(_written(_ADOBE, segment.content[:_ADOBE_LENGTH]))
        elif segment.marker == _END:
            kept.append(b"\xff\xd9")
        elif segment.marker == _SCAN or segment.marker in _CODING:
            kept += [_written(segment.marker, segment.content), segment.pixels]
    return Stripped(b"".join(kept), notes)


def _segments(data: bytes) -> Iterator[_Segment]:
    """Up to the first end, or to where the file breaks off."""
    at = len(_START)
    for _ in range(MOST_PARTS):
        if (found := _MARKER.search(data, at)) is None:
            return
        marker, at = found[1][0], found.end()
        if marker == _END:
            yield _Segment(_END)
            return
        if marker in _NO_CONTENT:
            continue
        begin, at = at + 2, at + int.from_bytes(data[at : at + 2])
        content = data[begin:at]
        if marker != _SCAN:
            yield _Segment(marker, content)
            continue
        behind = _BEHIND_SCAN.search(data, at)
        end = behind.start() if behind else len(data)
        yield _Segment(_SCAN, content, data[at:end].rstrip(b"\xff"))
        at = end
    raise NoImage("a JPEG of too many segments")


def _first(head: list[_Segment], name: bytes) -> bytes:
    """Content of the first note of this kind, without its name."""
    found = (one.content for one in head if one.begins(_NOTES, name))
    return next(found, b"").removeprefix(name)


def _jfif(head: list[_Segment]) -> list[bytes]:
    """Anew, without a thumbnail, where there was one: it says how colours are meant."""
    for segment in head:
        if segment.begins(_JFIF, _JFIF_NAME, _JFIF_LENGTH):
            return [_written(_JFIF, segment.content[: _JFIF_LENGTH - 2] + bytes(2))]
    return []


def _noted(notes: Notes) -> Iterator[bytes]:
    if exif := notes.exif():
        yield _written(_NOTES, _EXIF_NAME + exif)
    if xmp := notes.xmp():
        yield _written(_NOTES, _XMP_NAME + xmp)


def _profile(head: list[_Segment]) -> list[bytes]:
    """All parts of it, in their order: some readers stop at the frame's header."""
    parts = [one.content for one in head if one.begins(_COLORS, _PROFILE_NAME, _PROFILE_HEAD)]
    if sum(len(part) - _PROFILE_HEAD for part in parts) > LARGEST_PROFILE:
        return []
    return [_written(_COLORS, part) for part in sorted(parts, key=lambda part: part[12])]


def _written(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content
