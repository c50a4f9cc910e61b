"""Pixels, by Pillow: decode once, then preview, full size and thumbnail as WebP."""

from __future__ import annotations

import io
import warnings
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFile

from afterimage.adapters import color_profiles, picture_guards, png_transparency, stripping
from afterimage.adapters.picture_guards import END_OF_JPEG, LARGEST_EXIF, LARGEST_PROFILE, Checked
from afterimage.adapters.stripping.notes import source_type_packet
from afterimage.adapters.thumbhash import thumbhash
from afterimage.domain.errors import HEIC_REFUSED, NoImage, NotAPicture
from afterimage.ports.pictures import Brought, EncodedImage

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 25_000_000  # newer phones take 24.5 million, the models' largest has 17 million
_LONGEST_SIDE = 16_383  # pixels; WebP's own limit
_THUMBNAIL_SIDE = 512  # pixels
# What a text model sees of it: pixels, and libwebp's scale. Nobody looks at it for long.
_SMALL_SIDE, _SMALL_QUALITY, _SMALL_METHOD = 768, 75, 0
_LARGEST_THUMBNAIL = 25_000  # bytes
_THUMBNAIL_QUALITIES = (75, 60, 45, 30, 15, 0)  # the first that fits is taken
_PREVIEW_SIDE = 128
_HASHED_SIDE = 32  # pixels; the hash holds at most 7 waves a side
_COUNTED_SIDE, _COUNTED_COLORS = 32, 8  # for the dominant colour
_PREVIEW_QUALITY = 45
_LARGEST_PREVIEW = 12 * 1024  # bytes

# How a HEIC begins behind its first four bytes.
_HEIC_BRANDS = frozenset(b"ftyp" + brand for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"))
_ORIENTATION = 0x0112  # EXIF 2.32, table 4
# Says of a file that a model painted it.
_PAINTED = source_type_packet("trainedAlgorithmicMedia")
# The same of one in which there is something that somebody brought.
_COMPOSITE = source_type_packet("compositeWithTrainedAlgorithmicMedia")

# Red, green and blue of shades that two profiles show alike only if they are the same.
_SHADES = bytes((*(n for g in range(0, 256, 51) for n in (g, g, g)), *(200, 30, 40, 20, 160, 220)))
_NOBODY_SEES = 3  # of 255

_ANYTHING = bytes(range(255))  # no end of a JPEG, and nothing that one would go on with
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
    """Implements `Studio` and `Intake`."""

    def __init__(self, webp: WebpSettings) -> None:
        self._webp = webp
        # Pillow warns of every broken note, of which a hostile file has thousands.
        warnings.filterwarnings("ignore", module=r"PIL\.")

    def decode(self, data: bytes, *, composite: bool = False) -> PillowPicture:
        return self._decoded(data, _COMPOSITE if composite else _PAINTED)

    def bring(self, data: bytes) -> Brought:
        try:
            picture_guards.check(data)  # how much there is to walk over
            stripped = stripping.strip(data)
            return Brought(stripped.data, self._decoded(stripped.data, stripped.notes.xmp()))
        except NoImage as error:
            public = HEIC_REFUSED if data[4:12] in _HEIC_BRANDS else None
            raise NotAPicture(str(error), public=public) from error

    def _decoded(self, data: bytes, xmp: bytes) -> PillowPicture:
        checked = picture_guards.check(data)
        try:
            return PillowPicture(_as_shown(_loaded(checked), checked), self._webp, xmp)
        except NoImage:
            raise
        # Pillow's plugins raise what they like on hostile bytes.
        except Exception as error:
            raise NoImage(f"not a picture: {type(error).__name__}") from error


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
        for quality in _THUMBNAIL_QUALITIES:
            data = _encoded(self._small, quality, self._webp.method, self._xmp)
            if len(data) <= _LARGEST_THUMBNAIL:
                break
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
        tiny = self._small.convert("RGBA")
        tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
        return b64encode(thumbhash(*tiny.size, tiny.tobytes())).decode()

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


def _loaded(checked: Checked) -> ImageFile.ImageFile:
    if checked.has_end:
        return _opened(checked.data)
    # The decoder fills up what is missing. So whole is what looks the same whatever follows.
    image = _opened(checked.data + END_OF_JPEG)
    other = _opened(checked.data + _ANYTHING + END_OF_JPEG)
    if ImageChops.difference(image, other).getbbox():
        raise NoImage("a JPEG that was cut off")
    return image


def _opened(data: bytes) -> ImageFile.ImageFile:
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    _check_size(image)
    image.load()
    return image


def _check_size(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    too_large = width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE
    if too_large or min(width, height) < 1:
        raise NoImage(f"{width} x {height} pixels")


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The same shape within a square; never larger, never less than a pixel."""
    scale = min(1.0, side / max(size))
    width, height = (max(1, round(length * scale)) for length in size)
    return width, height


def _as_shown(image: ImageFile.ImageFile, checked: Checked) -> Image.Image:
    """First frame, upright, eight bits, sRGB with or without alpha."""
    turn = _TURNED.get(_orientation(image))
    profile, of_screens = color_profiles.of_png(checked.notes, image.info.get("icc_profile"))
    alpha = png_transparency.alpha(image, checked)
    shown: Image.Image = image
    if shown.mode.startswith("I"):  # Pillow would cut 16 bits off at 255
        shown = shown.point(lambda shade: shade * (1 / 256)).convert("L")
    if alpha is not None:
        shown = _in_mode(shown, "RGB")
        shown.info.pop("transparency", None)
        shown.putalpha(alpha)
    has_alpha = shown.mode in ("RGBA", "LA", "PA") or "transparency" in shown.info
    mode = "RGBA" if has_alpha else "RGB"
    if of_screens:
        shown = _in_mode(shown, mode)
    shown = _in_srgb(shown, profile, mode) if profile else _in_mode(shown, mode)
    return shown if turn is None else shown.transpose(turn)


def _orientation(image: ImageFile.ImageFile) -> int:
    """How it was held; 1, upright, also where that is said too verbosely or wrongly."""
    said = image.info.get("exif") or image.info.get("Raw profile type exif") or b""
    if len(said) > LARGEST_EXIF:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken notes do not make it less of a picture
        return 1
    return orientation if isinstance(orientation, int) else 1


def _in_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """Converted from the colours of its profile; read as sRGB if that cannot be used."""
    # Imported here, because the models' pictures have none.
    from PIL import ImageCms

    plain = _in_mode(image, mode)
    if len(profile) > LARGEST_PROFILE:
        return plain
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        screen = ImageCms.createProfile("sRGB")
        # Gray and print colours have profiles of their own kind.
        source = image if image.mode in ("L", "CMYK") else plain
        convert = ImageCms.buildTransform(own, screen, source.mode, mode)
        if source is plain and _changes_nothing(convert, mode):
            return plain
        return ImageCms.applyTransform(source, convert) or plain
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain


def _changes_nothing(convert: ImageCmsTransform, mode: str) -> bool:
    """Whether a few shades stay what they are. A profile's name tells nothing: there are linear
    ones that are called sRGB, and to convert 25 million pixels takes a second."""
    shades = Image.frombytes("RGB", (len(_SHADES) // 3, 1), _SHADES)
    converted = convert.apply(_in_mode(shades, mode))
    difference = ImageChops.difference(shades, _in_mode(converted, "RGB"))
    return max(difference.tobytes()) <= _NOBODY_SEES


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Without a copy where it is that already: 64 MB of the largest pictures."""
    return image if image.mode == mode else image.convert(mode)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _encoded(image: Image.Image, quality: int, method: int, xmp: bytes) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method, xmp=xmp)
    return out.getvalue()
