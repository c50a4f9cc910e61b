"""A picture's thumbhash (evanw.github.io/thumbhash), by sums that are taken side by side.

The packages that were found go over all pixels for every wave. A wave of two directions is one of
rows times one of columns: each row is summed once for each wave along it, and what comes of that
is summed down the columns, which is an eighth of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import cos, pi
from operator import mul
from typing import NamedTuple

_WAVES, _WAVES_BESIDE_ALPHA, _WAVES_OF_COLOR, _WAVES_OF_ALPHA = 7, 5, 3, 5
_NOTHING = 1e-9  # what is left of a sum that would be 0 without rounding


class _Channel(NamedTuple):
    """Attributes: waves: between 0 and 1, one half for one that is not there."""

    mean: float
    waves: Sequence[float]
    scale: float


def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """Of at most 100 pixels a side, four bytes each, from left to right and downwards."""
    alphas = [alpha / 255 for alpha in rgba[3::4]]
    has_alpha = min(alphas) < 1
    red, green, blue = (_over_the_mean(rgba[first::4], alphas) for first in range(3))
    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow_blue = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    red_green = [r - g for r, g in zip(red, green, strict=True)]

    most = _WAVES_BESIDE_ALPHA if has_alpha else _WAVES
    across, down = (max(1, round(most * side / max(width, height))) for side in (width, height))
    size = width, height
    lights = _waves(light, size, max(3, across), max(3, down))
    yellow_blues = _waves(yellow_blue, size, _WAVES_OF_COLOR, _WAVES_OF_COLOR)
    red_greens = _waves(red_green, size, _WAVES_OF_COLOR, _WAVES_OF_COLOR)
    alpha = _waves(alphas, size, _WAVES_OF_ALPHA, _WAVES_OF_ALPHA) if has_alpha else None
    shape = (down, True) if width > height else (across, False)
    return _packed(lights, yellow_blues, red_greens, alpha, *shape)


def _over_the_mean(shades: bytes, alphas: Sequence[float]) -> list[float]:
    """One colour between 0 and 1; where a pixel is clear, the mean of what is seen."""
    seen = sum(alphas)
    if seen == len(alphas):
        return [shade / 255 for shade in shades]
    mean = sum(map(mul, shades, alphas)) / 255 / seen if seen else 0.0
    return [
        mean * (1 - alpha) + alpha * shade / 255
        for shade, alpha in zip(shades, alphas, strict=True)
    ]


def _waves(channel: Sequence[float], size: tuple[int, int], across: int, down: int) -> _Channel:
    width, height = size
    rows = [channel[at : at + width] for at in range(0, width * height, width)]
    found = []
    # For each wave along the rows, how strong it is in each row.
    columns = [[_product(row, wave) for row in rows] for wave in _cosines(width, across)]
    for y, wave in enumerate(_cosines(height, down)):
        for x, column in enumerate(columns):
            if x * down < across * (down - y):  # the slow ones
                found.append(_product(column, wave) / (width * height))
    mean, *others = found
    scale = max(map(abs, others), default=0.0)
    if scale < _NOTHING:
        return _Channel(mean, [0.0] * len(others), 0.0)
    return _Channel(mean, [0.5 + 0.5 / scale * each for each in others], scale)


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


@cache
def _cosines(length: int, count: int) -> list[list[float]]:
    return [[cos(pi / length * wave * (at + 0.5)) for at in range(length)] for wave in range(count)]


def _packed(
    light: _Channel,
    first: _Channel,
    second: _Channel,
    alpha: _Channel | None,
    shorter: int,
    is_landscape: bool,
) -> bytes:
    """Args: first, second: the colours; shorter: waves of light along the shorter side."""
    head = (
        round(63 * light.mean)
        | round(31.5 + 31.5 * first.mean) << 6
        | round(31.5 + 31.5 * second.mean) << 12
        | round(31 * light.scale) << 18
        | (alpha is not None) << 23
    )
    scales = round(63 * first.scale) | round(63 * second.scale) << 6
    tail = shorter | scales << 3 | is_landscape << 15
    packed = head.to_bytes(3, "little") + tail.to_bytes(2, "little")
    waves = [*light.waves, *first.waves, *second.waves]
    if alpha is not None:
        packed += bytes([round(15 * alpha.mean) | round(15 * alpha.scale) << 4])
        waves += alpha.waves
    levels = [round(15 * wave) for wave in waves]
    levels += [0] * (len(levels) % 2)
    pairs = zip(levels[::2], levels[1::2], strict=True)
    return packed + bytes(low | high << 4 for low, high in pairs)
