"""Pixels, by Pillow: decode once, then preview, full size and thumbnail as WebP."""

from __future__ import annotations

import io
from base64 import b64encode

from PIL import Image, ImageFile, ImageOps
from thumbhash import rgba_to_thumb_hash

from afterimage.domain.errors import NoImage
from afterimage.ports import EncodedImage

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 24_000_000  # the models' largest picture has 17 million
_LONGEST_SIDE = 16_383  # pixels; WebP's own limit
_FULL_QUALITY, _FULL_METHOD = 80, 2
_THUMBNAIL_SIDE, _THUMBNAIL_QUALITY = 512, 75  # pixels
_PREVIEW_SIDE, _PREVIEW_QUALITY = 128, 45
_HASHED_SIDE = 32  # pixels; the hash holds at most 7 waves a side
_LARGEST_PREVIEW = 12 * 1024  # bytes


class PillowStudio:
    """Implements `Studio`."""

    def decode(self, data: bytes) -> PillowPicture:
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _check_size(image)
                return PillowPicture(_as_shown(image))
        except NoImage:
            raise
        # Pillow's plugins raise what they like on hostile bytes.
        except Exception as error:
            raise NoImage(f"not a picture: {type(error).__name__}") from error


class PillowPicture:
    """Implements `DecodedPicture`."""

    def __init__(self, pixels: Image.Image) -> None:
        self._pixels = pixels
        self._small = pixels.copy()
        self._small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), reducing_gap=2.0)

    def preview(self) -> str:
        tiny = self._small.copy()
        tiny.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
        data = _webp(tiny, _PREVIEW_QUALITY, 0)
        if len(data) > _LARGEST_PREVIEW:
            raise ValueError(f"a preview of {len(data)} bytes")
        return "data:image/webp;base64," + b64encode(data).decode()

    def full(self) -> EncodedImage:
        data = _webp(self._pixels, _FULL_QUALITY, _FULL_METHOD)
        return EncodedImage(data, *self._pixels.size)

    def thumbnail(self) -> EncodedImage:
        data = _webp(self._small, _THUMBNAIL_QUALITY, _FULL_METHOD)
        return EncodedImage(data, *self._small.size)

    def color(self) -> str:
        pixel = self._small.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
        return f"#{pixel.hex()}"

    def thumbhash(self) -> str:
        tiny = self._small.convert("RGBA")
        tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
        # thumbhash 0.1.2 fails on any transparent pixel, so that they are hashed as white.
        opaque = Image.new("RGBA", tiny.size, "white")
        opaque.alpha_composite(tiny)
        digest = rgba_to_thumb_hash(*opaque.size, list(opaque.tobytes()))
        return b64encode(bytes(digest)).decode()


def _check_size(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    too_large = width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE
    if too_large or min(width, height) < 1:
        raise NoImage(f"{width} x {height} pixels")


def _as_shown(image: Image.Image) -> Image.Image:
    """First frame, upright, eight bits, RGB with or without alpha."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # Pillow would cut 16 bits off at 255
        upright = upright.point(lambda shade: shade * (1 / 256)).convert("L")
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    return upright.convert("RGBA" if has_alpha else "RGB")


def _webp(image: Image.Image, quality: int, method: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method)
    return out.getvalue()
