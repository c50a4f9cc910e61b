"""Photographs that scikit-image ships, each as a picture of a model would be: a square of 1024."""

from pathlib import Path

import skimage
from PIL import Image, ImageOps

_SIDE = 1024  # pixels
_NAMES = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)


def photos() -> dict[str, Image.Image]:
    """By name. All but one are scaled up, so they are smoother than a model's pictures."""
    folder = Path(skimage.__file__).parent / "data"
    found = {}
    for name in _NAMES:
        with Image.open(folder / name) as photo:
            square = ImageOps.fit(photo.convert("RGB"), (_SIDE, _SIDE), Image.Resampling.BICUBIC)
        found[name.partition(".")[0]] = square
    return found
