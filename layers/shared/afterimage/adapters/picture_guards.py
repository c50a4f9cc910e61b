"""What is looked at before a decoder sees a picture.

That reading it takes no time without end: Pillow bounds pixels, text chunks and notes by itself,
but it reads the headers of a file one by one in Python, and libjpeg goes over all pixels for every
scan, of which a file of a few kilobytes may have thousands.

That what surrounds the pixels does not cost the picture: Pillow gives up at a broken note or at a
wrong checksum beside the pixels. No viewer does, so whatever the pixels do not need is left out.

A walk goes over a file from its beginning, as far as that has come, and says what a decoder may
see. So a picture that is still on its way is looked at by the same rules as one that is there.
"""

from __future__ import annotations

from afterimage.adapters.guards.checked import LARGEST_EXIF, LARGEST_PROFILE, Checked, Walk
from afterimage.adapters.guards.jpeg import END_OF_JPEG, JpegWalk
from afterimage.adapters.guards.png import PngWalk, inflated_size

__all__ = [
    "END_OF_JPEG",
    "LARGEST_EXIF",
    "LARGEST_PROFILE",
    "Checked",
    "Walk",
    "check",
    "inflated_size",
    "walk_over",
]


def walk_over(data: bytes | bytearray) -> Walk | None:
    """The walk for what begins so; None for a format that needs none, or that is none."""
    if data.startswith(PngWalk.BEGINS):
        return PngWalk()
    if data.startswith(JpegWalk.BEGINS):
        return JpegWalk()
    return None


def check(data: bytes) -> Checked:
    """Raises: NoImage, if looking closer may take too long."""
    if (walk := walk_over(data)) is None:
        return Checked(data)
    walk.go_on(data, is_all=True)
    return walk.checked(data)
