"""What is looked at before a decoder sees a picture.

That reading it takes no time without end: Pillow bounds pixels, text chunks and notes by itself,
but it reads the headers of a file one by one in Python, and libjpeg goes over all pixels for every
scan, of which a file of a few kilobytes may have thousands.

That what surrounds the pixels does not cost the picture: Pillow gives up at a broken note or at a
wrong checksum beside the pixels. No viewer does, so whatever the pixels do not need is left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from afterimage.domain.errors import NoImage

_MOST_HEADERS = 20_000  # segments or chunks; a large PNG has about 5,000
# Pixels that all scans of a progressive JPEG go over, in all. Encoders write about ten scans, and
# the models' largest picture has 17 million pixels.
_MOST_SCANNED = 400_000_000
_MOST_JUNK = 65_536  # bytes between the segments of a JPEG; what adds them adds a few
_MEGABYTE = 1024 * 1024
_MOST_INFLATED = 64 * _MEGABYTE  # by all notes of a PNG; so much is a bomb, and not read further
LARGEST_EXIF = 64 * 1024  # bytes; what fits into one JPEG segment
LARGEST_PROFILE = _MEGABYTE  # bytes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG, _START_OF_SCAN, END_OF_JPEG = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI (ITU-T T.81, table B.1)
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NOTES = frozenset({*range(0xE0, 0xF0), 0xFE})  # APP0-15, COM
# Notes that change how a JPEG is shown: how they begin, and the bytes that they have at least.
_JPEG_NEEDS = {
    0xE0: (b"JFIF\0", 14),
    0xE1: (b"Exif\0\0", 6),
    0xE2: (b"ICC_PROFILE\0", 14),
    0xEE: (b"Adobe", 12),
}
# Fixed sizes of the chunks that say how a PNG's colours are meant (PNG, third edition, 11.3.2).
_COLOR_NOTES = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_RAW_EXIF = b"Raw profile type exif\0"  # as ImageMagick wrote it before there was eXIf


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


def check(data: bytes) -> Checked:
    """Raises: NoImage, if looking closer may take too long."""
    if data.startswith(_PNG):
        return _check_png(data)
    if data.startswith(_JPEG):
        return _check_jpeg(data)
    return Checked(data)


# --- PNG ----------------------------------------------------------------------------------------


def _check_png(data: bytes) -> Checked:
    at, inflated = len(_PNG), 0
    kept: list[slice] = [slice(0, at)]
    notes: dict[bytes, bytes] = {}
    for _ in range(_MOST_HEADERS):
        if at >= len(data):
            break
        end = at + 12 + int.from_bytes(data[at : at + 4])  # length, type, data, checksum
        kind = data[at + 4 : at + 8]
        if kind[:1].isupper():
            if kind == b"IHDR":
                notes[kind] = data[at + 8 : end - 4]
            kept.append(slice(at, end))
        elif _is_whole(data, at, end):
            content = data[at + 8 : end - 4]
            size = inflated_size(kind, content, _MOST_INFLATED - inflated)
            inflated += size
            if inflated >= _MOST_INFLATED:
                raise NoImage("a PNG of notes without end")
            if kind in (*_COLOR_NOTES, b"tRNS"):
                notes[kind] = content
            if _png_needs(kind, content, size, notes.get(b"IHDR", b"")):
                kept.append(slice(at, end))
        at = end
        if kind == b"IEND":
            break
    else:
        raise NoImage("a PNG of too many chunks")
    right = {
        kind: held for kind, held in notes.items() if _COLOR_NOTES.get(kind) in (None, len(held))
    }
    return Checked(_only(data, kept), notes=right)


def _is_whole(data: bytes, at: int, end: int) -> bool:
    """Whether the checksum of a chunk is right."""
    return zlib.crc32(memoryview(data)[at + 4 : end - 4]).to_bytes(4) == data[end - 4 : end]


def _png_needs(kind: bytes, content: bytes, inflated: int, header: bytes) -> bool:
    """Whether the decoder is to see a chunk beside the pixels.

    Args:
        inflated: bytes that it holds, unpacked; 0 if that cannot be said.
    """
    match kind:
        case b"eXIf":
            return len(content) <= LARGEST_EXIF
        case b"iCCP":
            return 0 < inflated <= LARGEST_PROFILE
        case b"tEXt" | b"zTXt":
            return content.startswith(_RAW_EXIF) and 0 < inflated <= LARGEST_EXIF
        case b"tRNS":
            # One shade, one colour, or one alpha for each colour of a palette.
            least = {0: 2, 2: 6, 3: 1}.get(header[9] if len(header) > 9 else -1)
            return least is not None and least <= len(content) <= 256
    return False


def inflated_size(kind: bytes, content: bytes, most: int) -> int:
    """How many bytes a text or a profile has when it is unpacked, counted up to `most`."""
    _, found, rest = content.partition(b"\0")
    if not found:
        return 0
    match kind:
        case b"tEXt":
            return len(rest)
        case b"zTXt" | b"iCCP" if rest[:1] == b"\0":
            return _unpacked(rest[1:], most)
        case b"iTXt" if rest[:2] == b"\1\0":
            return _unpacked(rest[2:].split(b"\0", 2)[-1], most)
    return 0


def _unpacked(packed: bytes, most: int) -> int:
    """Counted piece by piece: nothing of it is kept."""
    inflate, size = zlib.decompressobj(), 0
    try:
        while size < most and not inflate.eof:
            piece = inflate.decompress(packed, _MEGABYTE)
            if not piece:
                return 0
            size, packed = size + len(piece), inflate.unconsumed_tail
    except zlib.error:
        return 0
    return size


# --- JPEG ---------------------------------------------------------------------------------------


def _check_jpeg(data: bytes) -> Checked:
    at, junk, pixels = len(_JPEG), 0, 0
    kept: list[slice] = [slice(0, at)]
    for _ in range(_MOST_HEADERS):
        begin = _next_marker(data, at)
        junk += begin - at
        head = data[begin : begin + 9]
        if len(head) < 4 or junk > _MOST_JUNK:
            raise NoImage("a JPEG without a picture")
        marker = head[1]
        if marker == _START_OF_SCAN[1]:
            kept.append(slice(begin, len(data)))
            break
        if marker in _FRAME_HEADERS:
            height, width = int.from_bytes(head[5:7]), int.from_bytes(head[7:9])
            pixels = max(pixels, height * width)
        at = begin + 2 + (0 if marker in _NO_LENGTH else int.from_bytes(head[2:4]))
        if marker not in _NOTES or _jpeg_needs(marker, data[begin + 4 : at]):
            kept.append(slice(begin, at))
    else:
        raise NoImage("a JPEG of too many segments")
    has_end = data.rfind(END_OF_JPEG, begin) >= 0
    readings = 1 if has_end else 2
    if data.count(_START_OF_SCAN, begin) * pixels * readings > _MOST_SCANNED:
        raise NoImage("a JPEG of too many scans")
    return Checked(_only(data, kept), has_end=has_end)


def _next_marker(data: bytes, at: int) -> int:
    """Where the next segment begins: behind fill bytes, zeros and whatever else is no marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            return len(data)
        if data[at + 1 : at + 2] not in (b"\0", b"\xff"):
            return at
        at += 1


def _jpeg_needs(marker: int, content: bytes) -> bool:
    start, least = _JPEG_NEEDS.get(marker, (b"", 0))
    return bool(start) and content.startswith(start) and len(content) >= least


def _only(data: bytes, kept: Sequence[slice]) -> bytes:
    """These parts of a file; the file itself, not a copy of it, if that is all."""
    borders = pairwise(kept)
    if all(one.stop == next_.start for one, next_ in borders) and kept[-1].stop >= len(data):
        return data
    view = memoryview(data)
    return b"".join(view[part] for part in kept)
