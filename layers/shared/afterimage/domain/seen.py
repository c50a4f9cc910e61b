"""Which file of a picture a text model is shown: its full WebP, or a smaller copy.

The model allots a picture the same tokens whatever its pixels, so a smaller copy saves bytes alone.
What is no larger than most of what is painted goes as it is, and no copy of it is made.
"""

from __future__ import annotations

from afterimage.domain.ids import IMAGE_FILES, SMALL

# 1K in every shape has 1.03 to 1.07 million.
_MOST_PIXELS = 1_250_000
# Twice what a painted picture of 1K has. Six are shown at most, beside the words of a history.
_MOST_BYTES = 200_000


def goes_as_it_is(width: int, height: int, size: int) -> bool:
    """Whether it is shown by its full WebP. Args: size: bytes of that."""
    return width * height <= _MOST_PIXELS and size <= _MOST_BYTES


def files_of(width: int, height: int, size: int) -> list[str]:
    """Names of all files that such a picture has. Arguments are those of `goes_as_it_is`."""
    has_small = not goes_as_it_is(width, height, size)
    return [name for name in IMAGE_FILES if name != SMALL or has_small]
