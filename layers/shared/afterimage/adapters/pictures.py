"""Pixels, by Pillow: decode once, then preview, full size and thumbnail as WebP."""

from __future__ import annotations

import io
import warnings
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property

from PIL import Image, ImageChops, ImageFile

from afterimage.adapters import color_profiles, picture_guards, png_transparency
from afterimage.adapters.picture_guards import END_OF_JPEG, LARGEST_EXIF, LARGEST_PROFILE, Checked
from afterimage.domain.errors import NoImage
from afterimage.ports.pictures import EncodedImage

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 24_000_000  # the models' largest picture has 17 million
_LONGEST_SIDE = 16_383  # pixels; WebP's own limit
_THUMBNAIL_SIDE = 512  # pixels
_LARGEST_THUMBNAIL = 25_000  # bytes
_THUMBNAIL_QUALITIES = (75, 60, 45, 30, 15, 0)  # the first that fits is taken
_PREVIEW_SIDE = 128
_HASHED_SIDE = 32  # pixels; the hash holds at most 7 waves a side
_COUNTED_SIDE, _COUNTED_COLORS = 32, 8  # for the dominant colour
_PREVIEW_QUALITY = 45
_LARGEST_PREVIEW = 12 * 1024  # bytes

_ORIENTATION = 0x0112  # EXIF 2.32, table 4
# Says of a file that a model painted it: IPTC's digital source type, in XMP (IPTC Photo Metadata
# Standard 2025.1, "Digital Source Type"), in the packet that readers look for (XMP, part 1, 7.3).
_PAINTED = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<e:DigitalSourceType>"
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    "</e:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
).encode()

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
    """Implements `Studio`."""

    def __init__(self, webp: WebpSettings) -> None:
        self._webp = webp
        # Pillow warns of every broken note, of which a hostile file has thousands.
        warnings.filterwarnings("ignore", module=r"PIL\.")

    def decode(self, data: bytes) -> PillowPicture:
        checked = picture_guards.check(data)
        try:
            return PillowPicture(_as_shown(_loaded(checked), checked), self._webp)
        except NoImage:
            raise
        # Pillow's plugins raise what they like on hostile bytes.
        except Exception as error:
            raise NoImage(f"not a picture: {type(error).__name__}") from error


class PillowPicture:
    """Implements `DecodedPicture`."""

    def __init__(self, pixels: Image.Image, webp: WebpSettings) -> None:
        self._pixels = pixels
        self._webp = webp

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
        data = _encoded(self._pixels, self._webp.quality, self._webp.method)
        return EncodedImage(data, *self._pixels.size)

    def thumbnail(self) -> EncodedImage:
        """Of a page of fifty each costs a phone its share, so the finest texture is no excuse."""
        for quality in _THUMBNAIL_QUALITIES:
            data = _encoded(self._small, quality, self._webp.method)
            if len(data) <= _LARGEST_THUMBNAIL:
                break
        return EncodedImage(data, *self._small.size)

    def color(self) -> str:
        """The colour most of it has; an average may be one that it does not have at all."""
        size = _fitted(self._small.size, _COUNTED_SIDE)
        tiny = _on_white(self._small.resize(size, Image.Resampling.BOX))
        counted = tiny.quantize(_COUNTED_COLORS, Image.Quantize.MEDIANCUT)
        palette, shares = counted.getpalette() or [], counted.histogram()
        most = 3 * shares.index(max(shares))
        return f"#{bytes(palette[most : most + 3]).hex()}"

    def thumbhash(self) -> str:
        # Imported here, off the way to the first glimpse.
        from thash import rgba_to_thumb_hash_pure

        tiny = self._small.convert("RGBA")
        tiny.thumbnail((_HASHED_SIDE, _HASHED_SIDE))
        digest = rgba_to_thumb_hash_pure(*tiny.size, list(tiny.tobytes()))
        return b64encode(bytes(digest)).decode()

    @cached_property
    def _small(self) -> Image.Image:
        """Asked for by one thread at a time."""
        return self._pixels.resize(
            _fitted(self._pixels.size, _THUMBNAIL_SIDE),
            Image.Resampling.BICUBIC,
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
        if "srgb" in ImageCms.getProfileDescription(own).lower():
            return plain
        # Gray and print colours have profiles of their own kind.
        source = image if image.mode in ("L", "CMYK") else plain
        screen = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(source, own, screen, outputMode=mode) or plain
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Without a copy where it is that already: 64 MB of the largest pictures."""
    return image if image.mode == mode else image.convert(mode)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _encoded(image: Image.Image, quality: int, method: int, xmp: bytes = _PAINTED) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method, xmp=xmp)
    return out.getvalue()
