"""Hills and dunes, each farther one closer to the colour of the haze."""

import math

from PIL import Image

from tests.local_stack.gemini.painting.canvas import (
    Canvas,
    Point,
    cloudy,
    gradient,
    seeded,
    textured,
)
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix
from tests.local_stack.gemini.painting.palette import Palette, sunlit
from tests.local_stack.gemini.painting.scene import Scene

GREEN: Colour = (98, 142, 66)
PINE: Colour = (38, 72, 58)
ROCK: Colour = (92, 94, 110)
SNOW: Colour = (240, 244, 250)
SAND: Colour = (222, 164, 98)


def outline(size: tuple[int, int], line: list[Point]) -> Image.Image:
    """The mask below a line that runs from the left edge to the right one."""
    mask = Canvas(Image.new("RGB", size), seeded(0))
    mask.fill([*line, (size[0], size[1]), (0, size[1])], (255, 255, 255))
    return mask.image.getchannel(0)


def paint_hills(canvas: Canvas, scene: Scene, palette: Palette, foot: float, bottom: float) -> None:
    """Rolling ground from the line `foot` down to `bottom`, nearer folds darker and fuller."""
    ground = sunlit(palette, ground_colour(scene))
    snowy = scene.has("snow")
    canvas.image.paste(palette.haze, (0, round(foot), canvas.width, round(bottom)))
    layers = 4
    for depth in range(layers):
        near = depth / (layers - 1)
        y = foot + (bottom - foot) * near**1.5 * 0.62
        swell = canvas.unit * (3.4 + 3 * near)
        line = rolling(canvas, y, swell)
        colour = mix(ground, palette.haze, 0.66 * (1 - near) ** 1.3)
        ground_layer(
            canvas,
            line,
            bottom,
            lighter(colour, 0.12),
            darker(colour, 0.16 if snowy else 0.3),
            palette.haze,
            0.13 if snowy else 0.5,
        )


def rolling(canvas: Canvas, y: float, swell: float, waves: float = 1.4) -> list[Point]:
    phase, second = canvas.rng.random() * 6, canvas.rng.random() * 6
    steps = 60
    return [
        (
            canvas.width * i / steps,
            y
            - swell * math.sin(phase + i / steps * 6.28 * waves)
            - swell * 0.4 * math.sin(second + i / steps * 6.28 * waves * 2.3),
        )
        for i in range(steps + 1)
    ]


def ground_layer(
    canvas: Canvas,
    line: list[Point],
    bottom: float,
    crest: Colour,
    foot: Colour,
    haze: Colour,
    rough: float = 0.5,
) -> None:
    top = max(0, math.floor(min(y for _, y in line)))
    size = (canvas.width, max(2, math.ceil(bottom) - top))
    if top >= canvas.height:
        return
    noise = cloudy(size, canvas.rng, 10, 20, 5)
    face = textured(
        gradient(size, [(0, mix(crest, haze, 0.12)), (0.2, crest), (1, foot)]),
        noise.point([round(128 + (v - 128) * rough) for v in range(256)]),
    )
    canvas.image.paste(face, (0, top), outline(size, [(x, y - top) for x, y in line]))


def ground_colour(scene: Scene) -> Colour:
    if scene.has("snow"):
        return SNOW
    if scene.has("desert", "beach"):
        return SAND
    return GREEN


def paint_dunes(canvas: Canvas, scene: Scene, palette: Palette, foot: float) -> None:
    """Dunes, each with a lit and a shaded flank that meet at a winding spine."""
    width, height = canvas.width, canvas.height
    layers = 6
    side = canvas.rng.random()
    canvas.image.paste(palette.haze, (0, round(foot), width, height))
    for depth in range(layers):
        near = depth / (layers - 1)
        sand = mix(sunlit(palette, SAND), palette.haze, 0.7 * (1 - near) ** 1.3)
        peak = width * ((side + depth * 0.41 + canvas.rng.uniform(-0.08, 0.08)) % 1)
        base = foot + (height - foot) * near**1.3 * 0.8
        line = _dune_line(
            canvas, peak, base, canvas.unit * (3 + 10 * near), width * (0.13 + 0.2 * near)
        )
        ground_layer(
            canvas, line, height, lighter(sand, 0.16), darker(sand, 0.1), palette.haze, 0.25
        )
        _lee_side(canvas, line, sand, 3 + 7 * near)


def _dune_line(canvas: Canvas, peak: float, base: float, rise: float, spread: float) -> list[Point]:
    steps = 80
    xs = sorted([canvas.width * i / steps for i in range(steps + 1)] + [peak])
    return [(x, base - rise * math.exp(-((abs(x - peak) / spread) ** 1.25))) for x in xs]


def _lee_side(canvas: Canvas, line: list[Point], sand: Colour, swing: float) -> None:
    top = min(range(len(line)), key=lambda i: line[i][1])
    x, y = line[top]
    deep = canvas.height - y
    phase = canvas.rng.uniform(2.2, 3.6)
    spine = [
        (
            x - canvas.unit * swing * math.sin(step / 20 * phase) * (0.4 + step / 20),
            y + deep * step / 20,
        )
        for step in range(1, 21)
    ]
    shade: list[tuple[float, Colour]] = [
        (0.0, darker(sand, 0.52)),
        (0.5, darker(sand, 0.3)),
        (1.0, darker(sand, 0.2)),
    ]
    corner = (float(canvas.width), float(canvas.height))
    canvas.fill([*line[top:], corner, *reversed(spine)], shade, 0.9, blur=canvas.unit * 0.1)
