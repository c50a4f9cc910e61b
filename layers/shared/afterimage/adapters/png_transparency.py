"""Transparency of a PNG that names one shade or colour (PNG, third edition, 11.3.1.1).

Pillow compares the value as the file has it, of 2, 4 or 16 bits, with pixels of 8.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import reduce

from PIL import Image, ImageChops

from afterimage.adapters.picture_guards import Checked

_GRAY, _COLOR = 0, 2  # kinds of pixels without a palette (11.2.1)
_CHANNELS = 3


def alpha(image: Image.Image, checked: Checked) -> Image.Image | None:
    """What is transparent, as a mask of eight bits; None if nothing is, or Pillow gets it right.

    Args:
        image: as Pillow has decoded it.
    """
    header, named = checked.notes.get(b"IHDR", b""), checked.notes.get(b"tRNS")
    if named is None or len(header) < 10:
        return None
    depth, kind = header[8], header[9]
    values = [int.from_bytes(named[at : at + 2]) for at in range(0, len(named), 2)]
    if kind == _GRAY and values:
        return _opaque_but(image, values[0] & ((1 << depth) - 1), depth)
    if (kind, depth) == (_COLOR, 16) and len(values) >= _CHANNELS:
        return _any_differs(image, _low_bytes(checked.data), values[:_CHANNELS])
    return None


def _opaque_but(image: Image.Image, value: int, depth: int) -> Image.Image:
    if depth == 16:
        return image.convert("I").point([255 * (shade != value) for shade in range(1 << 16)], "L")
    return _differs(image.convert("L"), value * 255 // ((1 << depth) - 1))


def _any_differs(high: Image.Image, low: Image.Image, values: Sequence[int]) -> Image.Image:
    """Of a colour of 16 bits a channel, held as two pictures of eight."""
    wanted = [*(value >> 8 for value in values), *(value & 0xFF for value in values)]
    planes = (*high.split(), *low.split())
    return reduce(ImageChops.lighter, map(_differs, planes, wanted))


def _differs(plane: Image.Image, value: int) -> Image.Image:
    return plane.point([255 * (shade != value) for shade in range(256)])


def _low_bytes(data: bytes) -> Image.Image:
    """The half of 16 bits a channel that Pillow leaves out."""
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]
    image.load()
    return image
