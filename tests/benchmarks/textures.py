"""A dozen photographic textures, made from noise: what is hard on an encoder.

Each is 1024 by 1024 pixels, the same on every run, and ends with the grain of a sensor. Natural
textures have spectra that fall with about 1/f (Field, "Relations between the statistics of natural
images and the response properties of cortical cells", J. Opt. Soc. Am. A 4, 1987), so most begin
as noise of such a slope.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, spatial

SIDE = 1024  # pixels
_GRAIN = 2.0  # levels; as the simulator's pictures have

Plane = NDArray[np.float64]
_Color = tuple[float, float, float]


def textures() -> dict[str, Image.Image]:
    """By name."""
    made = {}
    for number, (name, make) in enumerate(_KINDS.items()):
        rng = np.random.default_rng(number)
        pixels = make(rng) + rng.normal(0, _GRAIN, (SIDE, SIDE, 3))
        made[name] = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return made


def _noise(rng: np.random.Generator, slope: float, stretch: float = 1.0) -> Plane:
    """Between 0 and 1; the amplitude falls with 1/f to the power of `slope`."""
    down, across = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
    frequency = np.hypot(down * stretch, across / stretch)
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(SIDE, SIDE))) / frequency**slope
    plane: Plane = np.fft.irfft2(spectrum, (SIDE, SIDE))
    low, high = np.percentile(plane, (1, 99))
    levels: Plane = ((plane - low) / (high - low)).clip(0, 1)
    return levels


def _tinted(plane: Plane, *colors: _Color) -> Plane:
    """From the first colour at 0 to the last at 1."""
    at = np.linspace(0, 1, len(colors))
    return np.stack([np.interp(plane, at, [color[c] for color in colors]) for c in range(3)], -1)


def _cells(rng: np.random.Generator, count: int) -> tuple[Plane, NDArray[np.intp]]:
    """Distance to the nearest of many points beyond that to the second, and which it is."""
    points = rng.uniform(0, SIDE, (count, 2))
    down, across = np.indices((SIDE, SIDE))
    distances, nearest = spatial.cKDTree(points).query(np.stack((down, across), -1), k=2)
    edges: Plane = distances[..., 1] - distances[..., 0]
    return edges, nearest[..., 0]


def _clouds(rng: np.random.Generator) -> Plane:
    return _tinted(_noise(rng, 1.9), (60, 110, 190), (150, 180, 215), (245, 245, 245))


def _rock(rng: np.random.Generator) -> Plane:
    relief = ndimage.sobel(_noise(rng, 1.4), 1) + 0.4 * _noise(rng, 0.7)
    return _tinted((relief * 0.9 + 0.35).clip(0, 1), (35, 32, 30), (120, 112, 104), (215, 208, 196))


def _sand(rng: np.random.Generator) -> Plane:
    dunes = 0.6 * _noise(rng, 1.8) + 0.4 * _noise(rng, 0.35)
    return _tinted(dunes, (120, 88, 56), (205, 170, 120), (240, 220, 180))


def _grass(rng: np.random.Generator) -> Plane:
    blades = 0.75 * _noise(rng, 0.8, stretch=0.4) + 0.25 * _noise(rng, 1.5)
    return _tinted(blades, (14, 34, 10), (60, 110, 34), (180, 205, 96))


def _leaves(rng: np.random.Generator) -> Plane:
    edges, which = _cells(rng, 2600)
    shade = rng.uniform(0.2, 1, 2600)[which] * (0.5 + 0.5 * (edges / 9).clip(0, 1))
    return _tinted(shade * (0.7 + 0.3 * _noise(rng, 1.0)), (8, 20, 8), (52, 96, 30), (190, 200, 90))


def _gravel(rng: np.random.Generator) -> Plane:
    edges, which = _cells(rng, 5000)
    tone = rng.uniform(60, 215, (5000, 1)) + rng.normal(0, 9, (5000, 3))
    rounded = np.sqrt((edges / 10).clip(0, 1))[..., None]
    stones: Plane = tone[which] * (0.25 + 0.75 * rounded)
    return stones * (0.85 + 0.3 * _noise(rng, 0.8))[..., None]


def _water(rng: np.random.Generator) -> Plane:
    waves = _noise(rng, 1.5, stretch=2.4)
    glitter = (ndimage.sobel(waves, 0) * 2.2).clip(0, 1)
    return _tinted((0.75 * waves + glitter).clip(0, 1), (6, 30, 52), (34, 96, 122), (238, 246, 246))


def _bark(rng: np.random.Generator) -> Plane:
    furrows = np.abs(_noise(rng, 1.1, stretch=0.3) - 0.5) * 2
    return _tinted(
        furrows * (0.6 + 0.4 * _noise(rng, 0.8)), (24, 17, 12), (104, 80, 60), (188, 160, 130)
    )


def _fur(rng: np.random.Generator) -> Plane:
    hair = 0.7 * _noise(rng, 0.6, stretch=0.22) + 0.3 * _noise(rng, 1.7)
    return _tinted(hair, (50, 24, 10), (176, 98, 40), (246, 208, 150))


def _cloth(rng: np.random.Generator) -> Plane:
    down, across = np.indices((SIDE, SIDE)) + 3 * _noise(rng, 1.5)
    weave = 0.5 + 0.25 * (
        np.sin(across * 0.9) + np.sin(down * 0.9) * np.sign(np.sin(across * 0.45))
    )
    return _tinted((0.7 * weave + 0.3 * _noise(rng, 1.2)).clip(0, 1), (40, 44, 78), (150, 152, 190))


def _skin(rng: np.random.Generator) -> Plane:
    pores = 0.85 * ndimage.gaussian_filter(_noise(rng, 1.9), 3) + 0.15 * _noise(rng, 0.5)
    return _tinted(pores, (150, 92, 74), (214, 160, 134), (246, 214, 194))


def _city_lights(rng: np.random.Generator) -> Plane:
    lights = (rng.random((SIDE, SIDE)) > 0.9994).astype(float)
    glow = sum(ndimage.gaussian_filter(lights, sigma) * sigma**2 for sigma in (1, 4, 16))
    color = np.array((250, 190, 110)) * (glow / np.percentile(glow, 99.7)).clip(0, 1)[..., None]
    night: Plane = color + 26 * _noise(rng, 1.6)[..., None]
    return night


_KINDS: Mapping[str, Callable[[np.random.Generator], Plane]] = {
    "clouds": _clouds,
    "rock": _rock,
    "sand": _sand,
    "grass": _grass,
    "leaves": _leaves,
    "gravel": _gravel,
    "water": _water,
    "bark": _bark,
    "fur": _fur,
    "cloth": _cloth,
    "skin": _skin,
    "city lights": _city_lights,
}
