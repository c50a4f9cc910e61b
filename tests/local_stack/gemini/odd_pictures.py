"""Files that a careful client must not show as they are."""

import io
import struct
import zlib

from PIL import Image

NAMES = ("not_an_image", "truncated", "bomb", "animated", "cmyk_jpeg")
BOMB_SIDE = 30_000


def odd_picture(name: str, real: bytes, real_type: str) -> tuple[bytes, str]:
    """(file, mime type); `real` is the picture that would have been the answer."""
    if name == "truncated":
        return real[: len(real) // 2], real_type
    if name == "bomb":
        return _bomb(), "image/png"
    if name == "animated":
        return _animated(real), "image/png"
    if name == "cmyk_jpeg":
        return _cmyk(real), "image/jpeg"
    return b"This is a sentence and not a picture.", "image/jpeg"


def _bomb() -> bytes:
    """A PNG of a few kilobytes whose header promises 30,000 by 30,000 pixels."""
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _animated(real: bytes) -> bytes:
    """An animated PNG of three frames: it has the type of a still one."""
    first = Image.open(io.BytesIO(real)).convert("RGB").resize((256, 256))
    frames = [first.rotate(90 * turn) for turn in range(1, 3)]
    file = io.BytesIO()
    first.save(file, "PNG", save_all=True, append_images=frames, duration=200)
    return file.getvalue()


def _cmyk(real: bytes) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(real)).convert("RGB").convert("CMYK").save(file, "JPEG", quality=90)
    return file.getvalue()
