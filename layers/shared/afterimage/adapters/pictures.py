"""Files of a picture, by Pillow: decoded once, then preview, full size and thumbnail as WebP."""

from __future__ import annotations

import io
import warnings
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from afterimage.adapters import picture_guards, stripping
from afterimage.adapters.coming_pictures import ComingPicture
from afterimage.adapters.pixels import pixels_of
from afterimage.adapters.stripping.notes import source_type_packet
from afterimage.adapters.thumbhash import thumbhash
from afterimage.domain.errors import (
    HEIC_REFUSED,
    PIXELS_REFUSED,
    NoImage,
    NotAPicture,
    TooManyPixels,
)
from afterimage.ports.pictures import Brought, EncodedImage

_THUMBNAIL_SIDE = 512  # pixels
# What a text model sees of it: pixels, and libwebp's scale. Nobody looks at it for long.
_SMALL_SIDE, _SMALL_QUALITY, _SMALL_METHOD = 768, 75, 0
_LARGEST_THUMBNAIL = 25_000  # bytes
_THUMBNAIL_QUALITY, _COARSE = 75, 5  # libwebp's scale; below the second sizes fall steeply
_TO_BE_SURE = 5  # steps of quality that a foretold one is below what would just fit
_PREVIEW_SIDE = 128
_HASHED_SIDE = 32  # pixels; the hash holds at most 7 waves a side
_COUNTED_SIDE, _COUNTED_COLORS = 32, 8  # for the dominant colour
_PREVIEW_QUALITY = 45
_LARGEST_PREVIEW = 12 * 1024  # bytes

# How a HEIC begins behind its first four bytes.
_HEIC_BRANDS = frozenset(b"ftyp" + brand for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"))
# Says of a file that a model painted it.
_PAINTED = source_type_packet("trainedAlgorithmicMedia")
# The same of one in which there is something that somebody brought.
_COMPOSITE = source_type_packet("compositeWithTrainedAlgorithmicMedia")


@dataclass(frozen=True)
class WebpSettings:
    """How pictures are encoded; libwebp's own scales.

    Attributes:
        quality: of the full picture, 0 to 100.
        method: 0 (fast) to 6 (small), of picture and thumbnail.
    """

    quality: int = 80
    method: int = 2


class PillowStudio:
    """Implements `Studio`, `Darkroom` and `Intake`."""

    def __init__(self, webp: WebpSettings) -> None:
        self._webp = webp
        self._coming = ComingPicture()
        # Pillow warns of every broken note, of which a hostile file has thousands.
        warnings.filterwarnings("ignore", module=r"PIL\.")

    def coming(self) -> ComingPicture:
        self._coming = ComingPicture()
        return self._coming

    def decode(self, data: bytes, *, composite: bool = False) -> PillowPicture:
        return self._decoded(data, _COMPOSITE if composite else _PAINTED)

    def bring(self, data: bytes) -> Brought:
        try:
            picture_guards.check(data)  # how much there is to walk over
            stripped = stripping.strip(data)
            return Brought(stripped.data, self._decoded(stripped.data, stripped.notes.xmp()))
        except TooManyPixels as error:
            raise NotAPicture(str(error), public=PIXELS_REFUSED) from error
        except NoImage as error:
            public = HEIC_REFUSED if data[4:12] in _HEIC_BRANDS else None
            raise NotAPicture(str(error), public=public) from error

    def _decoded(self, data: bytes, xmp: bytes) -> PillowPicture:
        pixels = self._coming.pixels_of(data) or pixels_of(picture_guards.check(data))
        return PillowPicture(pixels, self._webp, xmp)


class PillowPicture:
    """Implements `DecodedPicture`.

    Args:
        xmp: the note that all of its files carry; empty for none.
    """

    def __init__(self, pixels: Image.Image, webp: WebpSettings, xmp: bytes) -> None:
        self._pixels = pixels
        self._webp = webp
        self._xmp = xmp

    def preview(self) -> str:
        # Whole blocks of pixels first: nearly all of the way at a fraction of the time.
        factor = max(1, max(self._pixels.size) // (2 * _PREVIEW_SIDE))
        tiny = self._pixels.reduce(factor)
        tiny.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE), Image.Resampling.BILINEAR)
        data = _encoded(tiny, _PREVIEW_QUALITY, 0, b"")
        if len(data) > _LARGEST_PREVIEW:
            raise ValueError(f"a preview of {len(data)} bytes")
        return "data:image/webp;base64," + b64encode(data).decode()

    def full(self) -> EncodedImage:
        data = _encoded(self._pixels, self._webp.quality, self._webp.method, self._xmp)
        return EncodedImage(data, *self._pixels.size)

    def thumbnail(self) -> EncodedImage:
        """Of a page of fifty each costs a phone its share, so the finest texture is no excuse."""
        quality, largest = _THUMBNAIL_QUALITY, 0
        while True:
            data = _encoded(self._small, quality, self._webp.method, self._xmp)
            if len(data) <= _LARGEST_THUMBNAIL or quality == 0:
                break
            largest = largest or len(data)
            quality = _foretold(quality, (len(data) - _LARGEST_THUMBNAIL) / largest)
        return EncodedImage(data, *self._small.size)

    def small(self) -> EncodedImage:
        # Bilinear takes 8 ms of CPU of a picture of 1024 pixels, bicubic 13.
        small = self._within(_SMALL_SIDE, Image.Resampling.BILINEAR)
        data = _encoded(small, _SMALL_QUALITY, _SMALL_METHOD, self._xmp)
        return EncodedImage(data, *small.size)

    def color(self) -> str:
        """The colour most of it has; an average may be one that it does not have at all."""
        size = _fitted(self._small.size, _COUNTED_SIDE)
        tiny = _on_white(self._small.resize(size, Image.Resampling.BOX))
        counted = tiny.quantize(_COUNTED_COLORS, Image.Quantize.MEDIANCUT)
        palette, shares = counted.getpalette() or [], counted.histogram()
        most = 3 * shares.index(max(shares))
        return f"#{bytes(palette[most : most + 3]).hex()}"

    def thumbhash(self) -> str:
        tiny = self._small.copy()
        tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
        pixels = tiny.convert("RGBA").tobytes()  # then, since there are few
        return b64encode(thumbhash(*tiny.size, pixels)).decode()

    @cached_property
    def _small(self) -> Image.Image:
        """Asked for by one thread at a time."""
        return self._within(_THUMBNAIL_SIDE, Image.Resampling.BICUBIC)

    def _within(self, side: int, by: Image.Resampling) -> Image.Image:
        return self._pixels.resize(
            _fitted(self._pixels.size, side),
            by,
            reducing_gap=1.0,  # whole blocks first: an eighth of the time, and nobody sees it
        )


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The same shape within a square; never larger, never less than a pixel."""
    scale = min(1.0, side / max(size))
    width, height = (max(1, round(length * scale)) for length in size)
    return width, height


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _foretold(quality: int, excess: float) -> int:
    """The quality at which a thumbnail fits, nearly always.

    Each step takes a hundredth of the size at `_THUMBNAIL_QUALITY` away, whatever the picture.

    Args:
        excess: what is too much, as a share of that size.
    """
    foretold = round(quality - 100 * excess) - _TO_BE_SURE
    return max(foretold, _COARSE) if quality > _COARSE else 0


def _encoded(image: Image.Image, quality: int, method: int, xmp: bytes) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method, xmp=xmp)
    return out.getvalue()
