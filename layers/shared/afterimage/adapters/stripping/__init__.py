"""A picture without what it tells of its owner, and with every pixel as it came.

What is written around the pixels is thrown away segment by segment: places, names, times, comments,
earlier versions, thumbnails, and whatever stands behind the end. Nothing is decoded, so nothing of
the picture is lost. What says how it is shown stays (colours, transparency, animation), and of all
notes two are written anew: how it was held, and how it was made (`notes.py`).

No library does this for the three formats: each leaves some notes, or drops colours with them.
"""

from __future__ import annotations

from afterimage.adapters.stripping import jpeg, png, webp
from afterimage.adapters.stripping.notes import Stripped
from afterimage.domain.errors import NoImage


def strip(data: bytes) -> Stripped:
    """The file without its notes; the same of what it returned is the same again.

    Raises:
        NoImage: it is neither a JPEG, a PNG nor a WebP, or has parts without end.
    """
    if jpeg.begins(data):
        return jpeg.strip(data)
    if png.begins(data):
        return png.strip(data)
    if webp.begins(data):
        return webp.strip(data)
    raise NoImage("neither a JPEG, a PNG nor a WebP")
