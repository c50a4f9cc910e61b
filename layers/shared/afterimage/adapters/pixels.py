"""Bytes become pixels, by Pillow: the first frame as it is meant to be seen, in sRGB."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from PIL import Image, ImageChops, ImageFile

from afterimage.adapters import color_profiles, png_transparency
from afterimage.adapters.picture_guards import END_OF_JPEG, LARGEST_EXIF, LARGEST_PROFILE, Checked
from afterimage.domain.errors import NoImage, TooManyPixels

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 25_000_000  # newer phones take 24.5 million, the models' largest has 17 million
_LONGEST_SIDE = 16_383  # pixels; WebP's own limit
_ORIENTATION = 0x0112  # EXIF 2.32, table 4
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


def pixels_of(checked: Checked) -> Image.Image:
    """Raises: NoImage."""
    return as_shown(None, checked)


def as_shown(image: ImageFile.ImageFile | None, checked: Checked) -> Image.Image:
    """The same of a file that is decoded already; None of one that is not. Raises: NoImage."""
    try:
        return _as_shown(image or _loaded(checked), checked)
    except NoImage:
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixels(str(error)) from error
    # Pillow's plugins raise what they like on hostile bytes.
    except Exception as error:
        raise NoImage(f"not a picture: {type(error).__name__}") from error


def _loaded(checked: Checked) -> ImageFile.ImageFile:
    if checked.has_end:
        return opened(io.BytesIO(checked.data))
    # The decoder fills up what is missing. So whole is what looks the same whatever follows.
    image = opened(io.BytesIO(checked.data + END_OF_JPEG))
    other = opened(io.BytesIO(checked.data + _ANYTHING + END_OF_JPEG))
    if ImageChops.difference(image, other).getbbox():
        raise NoImage("a JPEG that was cut off")
    return image


def opened(file: IO[bytes]) -> ImageFile.ImageFile:
    """Decoded, as it is in the file. Raises whatever Pillow raises, and NoImage for its size."""
    image = Image.open(file, formats=_FORMATS)
    _check_size(image)
    image.load()
    return image


def _check_size(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    too_large = width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE
    if too_large:
        raise TooManyPixels(f"{width} x {height} pixels")
    if min(width, height) < 1:
        raise NoImage(f"{width} x {height} pixels")


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
