"""PNG (third edition): chunks, each with a length, a kind, content and a checksum."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from afterimage.adapters import picture_guards
from afterimage.adapters.picture_guards import LARGEST_EXIF, LARGEST_PROFILE
from afterimage.adapters.stripping.notes import LARGEST_XMP, MOST_PARTS, Notes, Stripped
from afterimage.domain.errors import NoImage

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS, _END, _EXIF, _TEXT, _PROFILE = b"IDAT", b"IEND", b"eXIf", b"iTXt", b"iCCP"
# What pixels, colours and animation need, and the bytes that each may have.
_ANY = 2**31 - 1
_KEPT = {
    b"IHDR": 13,
    b"PLTE": 3 * 256,
    b"tRNS": 256,
    b"bKGD": 6,
    b"pHYs": 9,
    b"sBIT": 4,
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"cICP": 4,
    b"mDCV": 24,
    b"cLLI": 8,
    _PROFILE: LARGEST_PROFILE,
    b"acTL": 8,
    b"fcTL": 26,
    b"fdAT": _ANY,
    _PIXELS: _ANY,
    _END: 0,
}
_XMP = b"XML:com.adobe.xmp\0"
_PLAIN = bytes(4)  # not packed, and neither a language nor a translation of the keyword
# As ImageMagick wrote EXIF before there was a chunk for it: three lines, then hexadecimal digits.
_RAW_EXIF, _RAW_LINES = b"Raw profile type exif\0", 3


def begins(data: bytes) -> bool:
    return data.startswith(_SIGNATURE)


def strip(data: bytes) -> Stripped:
    """Raises: NoImage, if it has chunks without end."""
    chunks = list(_chunks(data))
    notes = Notes.read(_exif(chunks), _xmp(chunks))
    kept = [whole for kind, content, whole in chunks if _is_kept(kind, content)]
    written = [_written(_EXIF, exif)] if (exif := notes.exif()) else []
    if xmp := notes.xmp():
        written.append(_written(_TEXT, _XMP + _PLAIN + xmp))
    pixels = next((n for n, chunk in enumerate(kept) if chunk[4:8] == _PIXELS), len(kept))
    return Stripped(b"".join((_SIGNATURE, *kept[:pixels], *written, *kept[pixels:])), notes)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, content and all of each that is looked at, up to the end; those beside the pixels if
    they are whole."""
    at = len(_SIGNATURE)
    for _ in range(MOST_PARTS):
        if at >= len(data):
            return
        end = at + 12 + int.from_bytes(data[at : at + 4])
        whole = data[at:end]
        kind, content = whole[4:8], whole[8:-4]
        is_read = kind in _KEPT or kind == _EXIF or content.startswith((_XMP, _RAW_EXIF))
        is_whole = kind[:1].isupper() or zlib.crc32(whole[4:-4]).to_bytes(4) == whole[-4:]
        if is_read and is_whole:
            yield kind, content, whole
        if kind == _END:
            return
        at = end
    raise NoImage("a PNG of too many chunks")


def _is_kept(kind: bytes, content: bytes) -> bool:
    if len(content) > _KEPT.get(kind, -1):
        return False
    if kind != _PROFILE:
        return True
    size = picture_guards.inflated_size(kind, content, LARGEST_PROFILE + 1)
    return 0 < size <= LARGEST_PROFILE


def _exif(chunks: list[tuple[bytes, bytes, bytes]]) -> bytes:
    for kind, content, _ in chunks:
        if kind == _EXIF:
            return content
    for kind, content, _ in chunks:
        if kind in (b"tEXt", b"zTXt") and content.startswith(_RAW_EXIF):
            text = content.removeprefix(_RAW_EXIF)
            return _from_hex(_inflated(text[1:], 3 * LARGEST_EXIF) if kind == b"zTXt" else text)
    return b""


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex("".join(text.decode("latin-1").split("\n")[_RAW_LINES:]))
    except ValueError:
        return b""


def _xmp(chunks: list[tuple[bytes, bytes, bytes]]) -> bytes:
    for kind, content, _ in chunks:
        if kind == _TEXT and content.startswith(_XMP):
            packed, rest = content[len(_XMP) :][:2], content[len(_XMP) + 2 :]
            text = rest.split(b"\0", 2)[-1]
            return _inflated(text, LARGEST_XMP) if packed[:1] == b"\1" else text
    return b""


def _inflated(packed: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _written(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return len(content).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
