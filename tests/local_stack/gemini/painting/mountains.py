"""Three chains of single mountains, the far ones nearly the colour of the haze."""

import math
import random

from PIL import Image, ImageChops

from tests.local_stack.gemini.painting.canvas import (
    Canvas,
    Point,
    cloudy,
    contrast,
    gradient,
    relief,
    textured,
)
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.land import SNOW
from tests.local_stack.gemini.painting.palette import Palette, sunlit
from tests.local_stack.gemini.painting.scene import Scene

ROCK: Colour = (92, 94, 110)


def paint_mountains(canvas: Canvas, scene: Scene, palette: Palette, foot: float) -> None:
    """Three chains that stand on the line `foot` (pixels from the top)."""
    for rise, share, count in ((0.62, 0.5, 4), (0.44, 0.28, 5), (0.28, 0.1, 4)):
        rock = mix(under(palette.ambient, ROCK), palette.haze, share)
        snow = mix(lighter(sunlit(palette, SNOW), 0.25), palette.haze, share * 0.7)
        snowy = scene.has("snow") or rise > 0.3
        offset = canvas.rng.random()
        peaks = [
            (canvas.width * (i + offset) / count, foot * rise * canvas.rng.uniform(0.55, 1))
            for i in range(-1, count + 1)
        ]
        for x, tall in sorted(peaks, key=lambda peak: -peak[1]):
            _mountain(canvas, (x, foot - tall), foot, rock, snow if snowy else rock, palette.haze)


def _mountain(
    canvas: Canvas, peak: Point, foot: float, rock: Colour, snow: Colour, haze: Colour
) -> None:
    """Jagged flanks, the right one in shadow, snow above a ragged line, mist below."""
    rng, tall = canvas.rng, foot - peak[1]
    left = _flank(rng, peak, foot, -rng.uniform(1.0, 1.5))
    right = _flank(rng, peak, foot, rng.uniform(1.0, 1.5))
    corner = (math.floor(left[-1][0]), math.floor(peak[1]))
    size = (math.ceil(right[-1][0]) - corner[0], math.ceil(foot) - corner[1])
    if size[0] < 4 or size[1] < 4:
        return
    layer = Canvas(gradient(size, [(0, lighter(rock, 0.1)), (1, mix(rock, haze, 0.55))]), rng)
    if snow != rock:
        cap = cloudy(size, rng, 7, 5, 4)
        slope = gradient(size, [(0, (255,) * 3), (0.7, (120,) * 3), (1, (0, 0, 0))]).getchannel(0)
        layer.image.paste(snow, (0, 0), ImageChops.add(cap, slope, 1.6).point(contrast(172, 186)))
    shade = mix(darker(rock, 0.55), haze, 0.12)

    def local(points: list[Point]) -> list[Point]:
        return [(x - corner[0], y - corner[1]) for x, y in points]

    spine = _flank(rng, peak, foot, rng.uniform(-0.3, 0.3), 0.09)
    layer.fill(local([*right, *reversed(spine)]), shade, 0.62, canvas.unit * 0.1)
    for start in (rng.randint(2, 4), rng.randint(5, 8)):
        rib = _flank(rng, left[start], foot, rng.uniform(-0.2, 0.3), 0.12)
        cut = rng.randint(5, 9)
        hollow = [
            (x + tall * 0.075 * k * rng.uniform(0.5, 1.2), y) for k, (x, y) in enumerate(rib[:cut])
        ]
        layer.fill(local([*rib[:cut], *reversed(hollow)]), shade, 0.4, canvas.unit * 0.12)
    layer.image = textured(layer.image, relief(cloudy(size, rng, 7, 5, 6), 2, 2.6))
    mist = gradient(size, [(0, (0, 0, 0)), (0.4, (0, 0, 0)), (1, (255,) * 3)]).getchannel(0)
    layer.image.paste(haze, (0, 0), mist)
    mask = Canvas(Image.new("RGB", size), rng)
    mask.fill(local([*reversed(left), *right]), (255, 255, 255))
    canvas.image.paste(layer.image, corner, mask.image.getchannel(0))


def _flank(
    rng: random.Random, peak: Point, foot: float, slope: float, jag: float = 0.05
) -> list[Point]:
    """From the peak down to the foot, `slope` pixels sideways per pixel of descent."""
    tall = foot - peak[1]
    steps = 14
    line = [peak]
    for step in range(1, steps + 1):
        down = step / steps
        # Flanks are steep at the top and run out at the foot.
        aside = slope * tall * (0.75 * down + 0.25 * down**2)
        wander = rng.uniform(-1, 1) * jag * tall * (1 - down * 0.5)
        line.append((peak[0] + aside + wander, peak[1] + tall * down))
    return line
