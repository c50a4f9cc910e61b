"""Pictures of nothing in particular: folded waves of paper, or clouds of light."""

import colorsys
import math

from PIL import Image, ImageChops, ImageOps

from tests.local_stack.gemini.painting.canvas import (
    Canvas,
    Point,
    cloudy,
    contrast,
    gradient,
    relief,
    textured,
)
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix
from tests.local_stack.gemini.painting.scene import Scene


def paint_abstract(canvas: Canvas, scene: Scene) -> None:
    ramp = _ramp(canvas, scene)
    if scene.has("waves") or canvas.rng.random() < 0.5:
        _paper_waves(canvas, ramp)
    else:
        _light_clouds(canvas, ramp)


def _ramp(canvas: Canvas, scene: Scene) -> list[Colour]:
    """Five colours from dark to light around the named ones, or around the prompt's own hue."""
    rng = canvas.rng
    named = list(scene.tints[:2])
    if not named:
        hue = rng.random()
        named = [_hsv(hue, 0.66, 0.74), _hsv(hue + rng.choice((0.1, 0.42, 0.55)), 0.6, 0.8)]
    first, last = named[0], named[-1]
    if first == last:
        red, green, blue = (c / 255 for c in first)
        hue, strength, value = colorsys.rgb_to_hsv(red, green, blue)
        last = _hsv(hue + rng.choice((-0.09, 0.1)), max(0.2, strength * 0.9), min(1.0, value + 0.2))
    return [
        darker(first, 0.72),
        darker(first, 0.3),
        mix(first, last, 0.45),
        last,
        lighter(last, 0.62),
    ]


def _hsv(hue: float, strength: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, strength, value)
    return (round(red * 255), round(green * 255), round(blue * 255))


def _paper_waves(canvas: Canvas, ramp: list[Colour]) -> None:
    """Sheets cut in waves, each throwing a shadow on the one behind it."""
    rng, width, height = canvas.rng, canvas.width, canvas.height
    canvas.image.paste(gradient((width, height), [(0, ramp[4]), (1, ramp[3])]), (0, 0))
    canvas.glow((width * rng.uniform(0.2, 0.8), height * 0.1), canvas.unit * 60, ramp[4], 0.9)
    sheets = 9
    swing = rng.random() * 6
    for sheet in range(sheets):
        near = sheet / (sheets - 1)
        line = _wave(
            canvas,
            height * (0.16 + 0.74 * near),
            canvas.unit * (9 + 5 * rng.random()),
            swing + sheet * 0.8,
        )
        base = _along(ramp[::-1], 0.12 + 0.88 * near)
        shadow = [(x + canvas.unit * 0.6, y - canvas.unit * 1.5) for x, y in line]
        closing = [(float(width), float(height)), (0.0, float(height))]
        canvas.fill([*shadow, *closing], darker(base, 0.75), 0.5, blur=canvas.unit * 1.8)
        canvas.fill(
            [*line, *closing], [(0.0, lighter(base, 0.26)), (0.35, base), (1.0, darker(base, 0.3))]
        )
        crest = [(x, y + canvas.unit * 0.32) for x, y in reversed(line)]
        canvas.fill([*line, *crest], lighter(base, 0.6), 0.7)
    fibres = relief(cloudy((width, height), rng, 24, 24, 5), 2, 2.0)
    canvas.image = textured(canvas.image, fibres)


def _wave(canvas: Canvas, y: float, swell: float, phase: float) -> list[Point]:
    steps = 90
    second = canvas.rng.random() * 6
    return [
        (
            canvas.width * i / steps,
            y
            - swell * math.sin(phase + i / steps * 6.6)
            - swell * 0.42 * math.sin(second + i / steps * 13),
        )
        for i in range(steps + 1)
    ]


def _along(ramp: list[Colour], share: float) -> Colour:
    place = share * (len(ramp) - 1)
    index = min(len(ramp) - 2, int(place))
    return mix(ramp[index], ramp[index + 1], place - index)


def _light_clouds(canvas: Canvas, ramp: list[Colour]) -> None:
    """Noise warped by noise, coloured through the ramp, with sparks and veils."""
    rng, size = canvas.rng, canvas.image.size
    field = ImageChops.add(cloudy(size, rng, 3, 3, 6), cloudy(size, rng, 2, 2, 3), 2)
    field = _swirled(ImageOps.autocontrast(field, 1), canvas)
    tables = [[_along(ramp, v / 255)[channel] for v in range(256)] for channel in range(3)]
    canvas.image = Image.merge("RGB", [field.point(table) for table in tables])
    canvas.image = textured(canvas.image, relief(field, 4, 5.0))
    veil = cloudy(size, rng, 2, 4, 6).point(contrast(120, 210)).point(lambda v: v // 2)
    canvas.image.paste(ramp[4], (0, 0), veil)
    for _ in range(26):
        spot = (rng.random() * size[0], rng.random() * size[1])
        canvas.glow(
            spot,
            canvas.unit * rng.uniform(1, 9),
            lighter(rng.choice(ramp[2:]), 0.4),
            rng.uniform(0.2, 0.8),
        )


def _swirled(field: Image.Image, canvas: Canvas) -> Image.Image:
    """The field bent in a grid of quadrilaterals, so that straight noise becomes flow."""
    across = down = 20
    width, height = field.size
    phase, swing = canvas.rng.random() * 6, canvas.unit * 9

    def moved(column: int, row: int) -> Point:
        u, v = column / across, row / down
        # The border stays where it is: beyond it there is nothing to sample.
        return (
            width * u + swing * 4 * u * (1 - u) * math.sin(phase + row / 3.1 + column / 6),
            height * v + swing * 4 * v * (1 - v) * math.cos(phase * 2 + column / 2.7 - row / 7),
        )

    mesh = []
    for row in range(down):
        for column in range(across):
            box = (
                width * column // across,
                height * row // down,
                width * (column + 1) // across,
                height * (row + 1) // down,
            )
            corners = (
                *moved(column, row),
                *moved(column, row + 1),
                *moved(column + 1, row + 1),
                *moved(column + 1, row),
            )
            mesh.append((box, corners))
    return field.transform(field.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
