"""PNG: chunks are counted, notes are not unpacked without end, and few are passed on."""

from __future__ import annotations

import zlib

from afterimage.adapters.guards.checked import (
    LARGEST_EXIF,
    LARGEST_PROFILE,
    MEGABYTE,
    MOST_HEADERS,
    Checked,
    keep,
    only,
)
from afterimage.domain.errors import NoImage

_MOST_INFLATED = 64 * MEGABYTE  # by all notes; so much is a bomb, and not read further
# Fixed sizes of the chunks that say how a PNG's colours are meant (PNG, third edition, 11.3.2).
_COLOR_NOTES = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_RAW_EXIF = b"Raw profile type exif\0"  # as ImageMagick wrote it before there was eXIf
_AROUND = 12  # bytes of a chunk beside its content: length, type, checksum


class PngWalk:
    """Implements `Walk`."""

    BEGINS = b"\x89PNG\r\n\x1a\n"

    def __init__(self) -> None:
        self.kept = [slice(0, len(self.BEGINS))]
        self._at = len(self.BEGINS)
        self._headers = 0
        self._inflated = 0
        self._notes: dict[bytes, bytes] = {}
        self._has_ended = False

    def go_on(self, data: bytes | bytearray, *, is_all: bool) -> None:
        while not self._has_ended and self._at < len(data):
            kind = bytes(data[self._at + 4 : self._at + 8])
            end = self._at + _AROUND + int.from_bytes(data[self._at : self._at + 4])
            # Of what is passed on whatever it holds, the header says enough.
            enough = self._at + 8 if kind[:1].isupper() and kind != b"IHDR" else end
            if not is_all and len(data) < enough:
                return
            self._look_at(data, kind, end)
            self._at = end
            self._headers += 1
            self._has_ended = kind == b"IEND"
            if self._headers == MOST_HEADERS and not self._has_ended:
                raise NoImage("a PNG of too many chunks")

    def checked(self, data: bytes) -> Checked:
        right = {
            kind: held
            for kind, held in self._notes.items()
            if _COLOR_NOTES.get(kind) in (None, len(held))
        }
        return Checked(only(data, self.kept), notes=right)

    def _look_at(self, data: bytes | bytearray, kind: bytes, end: int) -> None:
        at = self._at
        if kind[:1].isupper():
            if kind == b"IHDR":
                self._notes[kind] = bytes(data[at + 8 : end - 4])
            keep(self.kept, slice(at, end))
        elif _is_whole(data, at, end):
            content = bytes(data[at + 8 : end - 4])
            size = inflated_size(kind, content, _MOST_INFLATED - self._inflated)
            self._inflated += size
            if self._inflated >= _MOST_INFLATED:
                raise NoImage("a PNG of notes without end")
            if kind in (*_COLOR_NOTES, b"tRNS"):
                self._notes[kind] = content
            if _is_needed(kind, content, size, self._notes.get(b"IHDR", b"")):
                keep(self.kept, slice(at, end))


def _is_whole(data: bytes | bytearray, at: int, end: int) -> bool:
    """Whether the checksum of a chunk is right."""
    with memoryview(data) as view:
        return zlib.crc32(view[at + 4 : end - 4]).to_bytes(4) == data[end - 4 : end]


def _is_needed(kind: bytes, content: bytes, inflated: int, header: bytes) -> bool:
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
            piece = inflate.decompress(packed, MEGABYTE)
            if not piece:
                return 0
            size, packed = size + len(piece), inflate.unconsumed_tail
    except zlib.error:
        return 0
    return size
