"""JPEG: segments and junk are counted, and so are the pixels that all scans go over."""

from __future__ import annotations

import sys

from afterimage.adapters.guards.checked import MOST_HEADERS, Checked, keep, only
from afterimage.domain.errors import NoImage

# Pixels that all scans of a progressive JPEG go over, in all. Encoders write about ten scans, and
# the models' largest picture has 17 million pixels.
_MOST_SCANNED = 400_000_000
# The same while it comes: what is read then may have to be read again when all is there.
_MOST_SCANNED_BEFORE = _MOST_SCANNED // 4
_MOST_JUNK = 65_536  # bytes between the segments; what adds them adds a few

_START_OF_SCAN, END_OF_JPEG = b"\xff\xda", b"\xff\xd9"
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI (ITU-T T.81, table B.1)
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NOTES = frozenset({*range(0xE0, 0xF0), 0xFE})  # APP0-15, COM
# Notes that change how a JPEG is shown: how they begin, and the bytes that they have at least.
_NEEDS = {
    0xE0: (b"JFIF\0", 14),
    0xE1: (b"Exif\0\0", 6),
    0xE2: (b"ICC_PROFILE\0", 14),
    0xEE: (b"Adobe", 12),
}
_LONGEST_HEAD = 9  # bytes of a segment that are looked at


class JpegWalk:
    """Implements `Walk`."""

    BEGINS = b"\xff\xd8"

    def __init__(self) -> None:
        self.kept = [slice(0, len(self.BEGINS))]
        self._at = len(self.BEGINS)
        self._headers = self._junk = self._pixels = 0
        self._first_scan: int | None = None
        self._scans = self._counted = 0

    def go_on(self, data: bytes | bytearray, *, is_all: bool) -> None:
        while self._first_scan is None:
            if not self._segment(data, is_all=is_all):
                return
            self._headers += 1
            if self._headers == MOST_HEADERS and self._first_scan is None:
                raise NoImage("a JPEG of too many segments")
        # From a byte before: the mark may have come in two pieces.
        self._scans += data.count(_START_OF_SCAN, max(self._first_scan, self._counted - 1))
        self._counted = len(data)
        self._check_scans(1, _MOST_SCANNED if is_all else _MOST_SCANNED_BEFORE)

    def checked(self, data: bytes) -> Checked:
        has_end = data.rfind(END_OF_JPEG, self._first_scan) >= 0
        self._check_scans(1 if has_end else 2, _MOST_SCANNED)
        return Checked(only(data, self.kept), has_end=has_end)

    def _check_scans(self, readings: int, most: int) -> None:
        if self._scans * self._pixels * readings > most:
            raise NoImage("a JPEG of too many scans")

    def _segment(self, data: bytes | bytearray, *, is_all: bool) -> bool:
        """Whether the next one is there, and has been looked at."""
        begin = _next_marker(data, self._at)
        head = data[begin : begin + _LONGEST_HEAD]
        junk = self._junk + begin - self._at
        if junk > _MOST_JUNK or (is_all and len(head) < 4):
            raise NoImage("a JPEG without a picture")
        if not is_all and len(head) < _LONGEST_HEAD:
            return False
        marker = head[1]
        if marker == _START_OF_SCAN[1]:
            keep(self.kept, slice(begin, sys.maxsize))
            self._first_scan = begin
            return True
        end = begin + 2 + (0 if marker in _NO_LENGTH else int.from_bytes(head[2:4]))
        if not is_all and len(data) < end:
            return False
        if marker in _FRAME_HEADERS:
            height, width = int.from_bytes(head[5:7]), int.from_bytes(head[7:9])
            self._pixels = max(self._pixels, height * width)
        if marker not in _NOTES or _is_needed(marker, bytes(data[begin + 4 : end])):
            keep(self.kept, slice(begin, end))
        self._junk, self._at = junk, end
        return True


def _next_marker(data: bytes | bytearray, at: int) -> int:
    """Where the next segment begins: behind fill bytes, zeros and whatever else is no marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            return len(data)
        if data[at + 1 : at + 2] not in (b"\0", b"\xff"):
            return at
        at += 1


def _is_needed(marker: int, content: bytes) -> bool:
    start, least = _NEEDS.get(marker, (b"", 0))
    return bool(start) and content.startswith(start) and len(content) >= least
