"""WebP (RFC 9649): a RIFF of chunks, each with a kind, a length and content of an even length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afterimage.adapters.picture_guards import LARGEST_PROFILE
from afterimage.adapters.stripping.notes import MOST_PARTS, Notes, Stripped
from afterimage.domain.errors import NoImage

_RIFF, _WEBP, _HEAD = b"RIFF", b"WEBP", 12  # bytes
_EXTENDED, _PROFILE, _EXIF, _XMP = b"VP8X", b"ICCP", b"EXIF", b"XMP "
_EXTENDED_LENGTH = 10  # bytes: flags, and the canvas
_ANIMATION, _FRAME, _FRAME_HEAD = b"ANIM", b"ANMF", 16  # bytes
_ALPHA, _PIXELS = b"ALPH", (b"VP8 ", b"VP8L")
# Flags of the extended header (2.7.1); a chunk whose flag is not set is not looked at.
_HAS_PROFILE, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP, _IS_ANIMATED = 0x20, 0x10, 0x08, 0x04, 0x02

_Chunk = tuple[bytes, bytes]  # kind and content


def begins(data: bytes) -> bool:
    return data.startswith(_RIFF) and data[8:_HEAD] == _WEBP


def strip(data: bytes) -> Stripped:
    """Raises: NoImage, if it has chunks without end."""
    end = 8 + int.from_bytes(data[4:8], "little")
    chunks = _chunks(data[:end], _HEAD)
    if not chunks or chunks[0][0] != _EXTENDED:
        # A simple file: pixels, and nothing else that anybody reads.
        return Stripped(_file(list(_picture(chunks))), Notes())
    header = chunks[0][1].ljust(_EXTENDED_LENGTH, b"\0")
    notes = _notes(header, chunks)
    written = [(_EXIF, notes.exif()), (_XMP, notes.xmp())]
    body = [*_shown(header, chunks), *((kind, text) for kind, text in written if text)]
    return Stripped(_file([(_EXTENDED, _recomputed(header, body)), *body]), notes)


def _chunks(data: bytes, at: int) -> list[_Chunk]:
    found: list[_Chunk] = []
    while at + 8 <= len(data):
        if len(found) == MOST_PARTS:
            raise NoImage("a WebP of too many chunks")
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _notes(header: bytes, chunks: Sequence[_Chunk]) -> Notes:
    def said(kind: bytes, flag: int) -> bytes:
        contents = (content for one, content in chunks if one == kind and header[0] & flag)
        return next(contents, b"")

    return Notes.read(said(_EXIF, _HAS_EXIF), said(_XMP, _HAS_XMP))


def _shown(header: bytes, chunks: Sequence[_Chunk]) -> Iterator[_Chunk]:
    """What pixels, colours and animation need."""
    for kind, content in chunks:
        if kind == _FRAME:
            parts = _picture(_chunks(content, _FRAME_HEAD))
            yield kind, content[:_FRAME_HEAD] + _joined(list(parts))
        elif kind == _PROFILE:
            if header[0] & _HAS_PROFILE and len(content) <= LARGEST_PROFILE:
                yield kind, content
        elif kind == _ANIMATION:
            yield kind, content
    yield from _picture(chunks)


def _picture(chunks: Sequence[_Chunk]) -> Iterator[_Chunk]:
    """The first one's pixels, behind their transparency."""
    for kind, content in chunks:
        if kind == _ALPHA or kind in _PIXELS:
            yield kind, content
        if kind in _PIXELS:
            return


def _recomputed(header: bytes, body: Sequence[_Chunk]) -> bytes:
    """The extended header: flags of what is there, and its canvas."""
    kinds = {kind for kind, _ in body}
    flags = header[0] & _HAS_ALPHA
    for kind, flag in (
        (_PROFILE, _HAS_PROFILE),
        (_EXIF, _HAS_EXIF),
        (_XMP, _HAS_XMP),
        (_ANIMATION, _IS_ANIMATED),
    ):
        flags |= flag if kind in kinds else 0
    return bytes((flags, 0, 0, 0)) + header[4:_EXTENDED_LENGTH]


def _file(chunks: Sequence[_Chunk]) -> bytes:
    body = _WEBP + _joined(chunks)
    return _RIFF + len(body).to_bytes(4, "little") + body


def _joined(chunks: Sequence[_Chunk]) -> bytes:
    return b"".join(
        kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
