"""The painter's tools: smooth shapes, gradients, glows, cloudy noise and brush strokes.

All randomness comes from the canvas's own generator, so one prompt is always one picture; Pillow's
`effect_noise` is not used because nobody can seed it.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.local_stack.gemini.painting.colours import Colour, Stops

Point = tuple[float, float]
Paint = Colour | Stops

SUPERSAMPLE = 2


@dataclass
class Canvas:
    """`image` is RGB for the picture itself, RGBA for a layer that is laid over it later."""

    image: Image.Image
    rng: random.Random

    @property
    def width(self) -> int:
        return self.image.width

    @property
    def height(self) -> int:
        return self.image.height

    @property
    def unit(self) -> float:
        """A hundredth of the geometric mean of the sides, in pixels: what sizes are measured in."""
        return math.sqrt(self.width * self.height) / 100

    def layer(self) -> "Canvas":
        return Canvas(Image.new("RGBA", self.image.size, (0, 0, 0, 0)), self.rng)

    def lay(self, layer: "Canvas") -> None:
        self.image.paste(layer.image, (0, 0), layer.image)

    def fill(
        self, points: Sequence[Point], paint: Paint, opacity: float = 1.0, blur: float = 0.0
    ) -> None:
        """A polygon with smooth edges; stops run from the shape's top to its bottom."""
        pad = math.ceil(blur * 2) + 1
        left = max(0, math.floor(min(x for x, _ in points)) - pad)
        top = max(0, math.floor(min(y for _, y in points)) - pad)
        right = min(self.width, math.ceil(max(x for x, _ in points)) + pad)
        bottom = min(self.height, math.ceil(max(y for _, y in points)) + pad)
        if right <= left or bottom <= top:
            return
        size = ((right - left) * SUPERSAMPLE, (bottom - top) * SUPERSAMPLE)
        mask = Image.new("L", size)
        shifted = [((x - left) * SUPERSAMPLE, (y - top) * SUPERSAMPLE) for x, y in points]
        ImageDraw.Draw(mask).polygon(shifted, fill=round(255 * opacity))
        mask = mask.reduce(SUPERSAMPLE)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        self.stain(paint, (left, top), mask)

    def ellipse(
        self,
        centre: Point,
        rx: float,
        ry: float,
        paint: Paint,
        opacity: float = 1.0,
        blur: float = 0.0,
    ) -> None:
        steps = 12 if max(rx, ry) < 6 else 40
        turn = 2 * math.pi / steps
        ring = [
            (centre[0] + rx * math.cos(i * turn), centre[1] + ry * math.sin(i * turn))
            for i in range(steps)
        ]
        self.fill(ring, paint, opacity, blur)

    def stain(self, paint: Paint, corner: tuple[int, int], mask: Image.Image) -> None:
        """Lays paint through a mask whose top left corner is at `corner`."""
        if isinstance(paint, list):
            self.image.paste(gradient(mask.size, paint), corner, mask)
        else:
            box = (*corner, corner[0] + mask.width, corner[1] + mask.height)
            self.image.paste(paint if self.image.mode == "RGB" else (*paint, 255), box, mask)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Adds light that fades with distance; `strength` 0 to 1 is its share at the centre."""
        side = max(2, round(radius * 2))
        # Pillow's radial gradient is 181 at the middle of the sides, 255 only in the corners.
        fade = [round(255 * strength * max(0.0, 1 - d / 180) ** 2.2) for d in range(256)]
        light = (
            Image.radial_gradient("L").point(fade).resize((side, side), Image.Resampling.BILINEAR)
        )
        corner = (round(centre[0] - radius), round(centre[1] - radius))
        reach = Image.new("L", self.image.size)
        reach.paste(light, corner)
        box = reach.getbbox()
        if box is None:
            return
        lamp = Image.new("RGB", (box[2] - box[0], box[3] - box[1]))
        lamp.paste(colour, (0, 0, *lamp.size), reach.crop(box))
        self.image.paste(ImageChops.screen(self.image.crop(box), lamp), box)


def points(text: str) -> list[Point]:
    """Pairs as "x,y x,y"."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def seeded(seed: int | float | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - pictures hold no secrets


def gradient(size: tuple[int, int], stops: Stops) -> Image.Image:
    """RGB, from top to bottom through (position 0 to 1, colour) stops."""
    height = max(2, min(size[1], 512))
    column = bytearray()
    index = 0
    for row in range(height):
        at = row / (height - 1)
        while index < len(stops) - 2 and at > stops[index + 1][0]:
            index += 1
        (low, first), (high, second) = stops[index], stops[min(index + 1, len(stops) - 1)]
        share = min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.0
        column += bytes(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    strip = Image.frombytes("RGB", (1, height), bytes(column))
    return strip.resize(size, Image.Resampling.BILINEAR)


def cloudy(
    size: tuple[int, int], rng: random.Random, across: int = 4, down: int = 4, octaves: int = 5
) -> Image.Image:
    """Fractal noise, "L": ever finer random grids, each laid over the last at half weight.

    `across` and `down` are the cells of the coarsest grid; unequal cells stretch the pattern.
    """
    work = (min(size[0], 384), min(size[1], 384))
    total: Image.Image | None = None
    for octave in range(octaves):
        cells = (across << octave, down << octave)
        grid = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1]))
        layer = grid.resize(work, Image.Resampling.BICUBIC)
        # Averaging in the finer layers at halving shares keeps the sum within 0 to 255.
        share = 0.5**octave / (2 - 0.5**octave)
        total = layer if total is None else Image.blend(total, layer, share)
    if total is None:
        raise ValueError("fractal noise needs at least one octave")
    return total.resize(size, Image.Resampling.BICUBIC)


def contrast(low: int, high: int) -> list[int]:
    """A `point` table: `low` and below become 0, `high` and above 255, smoothly in between."""
    table = []
    for value in range(256):
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        table.append(round(255 * share * share * (3 - 2 * share)))
    return table


def relief(noise: Image.Image, depth: int = 2, gain: float = 3.0) -> Image.Image:
    """The noise as a surface lit from the upper left, "L", flat parts 128."""
    moved = noise.copy()  # not ImageChops.offset, which wraps around and shows at the edges
    moved.paste(noise, (depth, depth))
    return ImageChops.subtract(noise, moved, scale=1 / gain, offset=128)


def textured(base: Image.Image, texture: Image.Image) -> Image.Image:
    """The base darkened and lightened by an "L" texture around 128."""
    return ImageChops.overlay(base, Image.merge("RGB", (texture, texture, texture)))


def smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A closed curve through the points (Catmull-Rom)."""
    curve: list[Point] = []
    count = len(points)
    for i in range(count):
        a, b, c, d = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append((_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)))
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3
    )
