"""Sizes that image models paint in, as they name them."""

from __future__ import annotations

from typing import Literal, get_args

ImageSize = Literal["1K", "2K", "4K"]
IMAGE_SIZES: tuple[ImageSize, ...] = get_args(ImageSize)
DEFAULT: ImageSize = "1K"

# A picture of 1K has about a million pixels in every shape, and each next size four times as many;
# the borders lie in the middle.
_BELOW: tuple[tuple[int, ImageSize], ...] = ((2 << 20, "1K"), (8 << 20, "2K"))


def size_of(width: int, height: int) -> ImageSize:
    """The size that a picture has come in, by its pixels."""
    return next((size for limit, size in _BELOW if width * height < limit), "4K")
