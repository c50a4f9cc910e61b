"""Files that a careful client must not show as they are."""

import io

from PIL import Image

from tests.support import hostile_pictures

NAMES = (
    "not_an_image",
    "truncated",
    "bomb",
    "text_bomb",
    "many_scans",
    "animated",
    "cmyk_jpeg",
    "sixteen_bits",
)
BOMB_SIDE = 30_000


def odd_picture(name: str, real: bytes, real_type: str) -> tuple[bytes, str]:
    """(file, mime type); `real` is the picture that would have been the answer."""
    if name == "truncated":
        return real[: len(real) // 2], real_type
    if name == "bomb":
        return _bomb(), "image/png"
    if name == "text_bomb":
        return hostile_pictures.png((256, 256), hostile_pictures.text_bomb(b"zTXt")), "image/png"
    if name == "many_scans":
        return hostile_pictures.many_scans((1024, 1024), 10_000), "image/jpeg"
    if name == "sixteen_bits":
        return hostile_pictures.sixteen_bits(), "image/png"
    if name == "animated":
        return _animated(real), "image/png"
    if name == "cmyk_jpeg":
        return _cmyk(real), "image/jpeg"
    return b"This is a sentence and not a picture.", "image/jpeg"


def _bomb() -> bytes:
    """A PNG of a few kilobytes whose header promises 30,000 by 30,000 pixels."""
    return hostile_pictures.png((BOMB_SIDE, BOMB_SIDE), rows=bytes(1_000_000))


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
