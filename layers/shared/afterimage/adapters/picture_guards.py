"""What is looked at before a decoder sees a picture: that reading it takes no time without end.

Pillow bounds pixels, text chunks and notes by itself. It reads the headers of a file one by one in
Python, and libjpeg goes over all pixels for every scan, of which a file of a few kilobytes may
have thousands.
"""

from __future__ import annotations

from afterimage.domain.errors import NoImage

_MOST_HEADERS = 20_000  # segments or chunks; a large PNG has about 5,000
# Pixels that all scans of a progressive JPEG go over, in all. Encoders write about ten scans, and
# the models' largest picture has 17 million pixels.
_MOST_SCANNED = 400_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG, _START_OF_SCAN = b"\xff\xd8", b"\xff\xda"
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI (ITU-T T.81, table B.1)
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def check(data: bytes) -> None:
    """Raises: NoImage, if looking closer may take too long."""
    if data.startswith(_PNG):
        _check_png(data)
    elif data.startswith(_JPEG):
        _check_jpeg(data)


def _check_png(data: bytes) -> None:
    at = len(_PNG)
    for _ in range(_MOST_HEADERS):
        if at >= len(data):
            return
        at += 12 + int.from_bytes(data[at : at + 4])  # length, type, data, checksum
    raise NoImage("a PNG of too many chunks")


def _check_jpeg(data: bytes) -> None:
    at, pixels = len(_JPEG), 0
    for _ in range(_MOST_HEADERS):
        head = data[at : at + 9]
        if len(head) < 4 or head[0] != 0xFF:
            raise NoImage("a JPEG without a picture")
        marker = head[1]
        if marker == _START_OF_SCAN[1]:
            break
        if marker in _FRAME_HEADERS:
            height, width = int.from_bytes(head[5:7]), int.from_bytes(head[7:9])
            pixels = max(pixels, height * width)
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(head[2:4])
    else:
        raise NoImage("a JPEG of too many segments")
    if data.count(_START_OF_SCAN, at) * pixels > _MOST_SCANNED:
        raise NoImage("a JPEG of too many scans")
