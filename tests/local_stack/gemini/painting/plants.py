"""Conifers in rows with mist between them; grass and flowers, large at the viewer's feet."""

import math

from PIL import ImageChops, ImageDraw

from tests.local_stack.gemini.painting.canvas import Canvas, Point, cloudy, gradient
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.land import SNOW
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene

PINE: Colour = (38, 72, 58)
PETALS: tuple[Colour, ...] = (
    (226, 62, 54),
    (248, 206, 76),
    (250, 244, 238),
    (214, 106, 176),
    (128, 98, 206),
    (244, 146, 64),
)


def paint_woods(canvas: Canvas, scene: Scene, palette: Palette, foot: float, bottom: float) -> None:
    """Rows of conifers with mist between them, from small and pale to tall and dark."""
    rows = 5
    for depth in range(rows):
        near = depth / (rows - 1)
        base = foot + (bottom - foot) * near**1.3 * 0.55
        tall = canvas.unit * (12 + 34 * near)
        colour = mix(under(palette.ambient, PINE), palette.haze, 0.74 * (1 - near) ** 1.1)
        count = round(canvas.width / (tall * (0.21 + 0.2 * near)))
        for i in range(count):
            x = canvas.width * (i + canvas.rng.random()) / count
            if near > 0.9 and abs(x / canvas.width - 0.5) < 0.24:
                continue  # a clearing in front, so that there is something to look into
            height = tall * canvas.rng.uniform(0.62, 1.2)
            conifer(canvas, x, base + canvas.unit * canvas.rng.uniform(0, 3), height, colour, scene)
        _mist(canvas, base, tall, palette.haze, 0.55 * (1 - near))


def _mist(canvas: Canvas, base: float, tall: float, haze: Colour, strength: float) -> None:
    top = max(0, round(base - tall * 0.5))
    size = (canvas.width, max(2, round(tall * 0.75)))
    fade = gradient(size, [(0, (0, 0, 0)), (0.6, (255,) * 3), (1, (170,) * 3)]).getchannel(0)
    drift = cloudy(size, canvas.rng, 3, 1, 4).point(lambda v: 110 + v // 2)
    veil = ImageChops.multiply(fade, drift).point(lambda v: round(v * strength))
    canvas.image.paste(haze, (0, top), veil)


def conifer(
    canvas: Canvas, x: float, base: float, height: float, colour: Colour, scene: Scene
) -> None:
    rng = canvas.rng
    tiers = 9 if height > canvas.unit * 14 else 6
    half = height * rng.uniform(0.17, 0.23)
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(tiers):
        y = base - height * (1 - (tier + 1) / (tiers + 0.6))
        reach = half * ((tier + 1) / tiers) ** 0.85
        for side, sign in ((left, -1), (right, 1)):
            span = reach * rng.uniform(0.8, 1.12)
            side += [(x + sign * span, y), (x + sign * span * 0.42, y - height * 0.015)]
    shape = [
        (x, base - height),
        *right,
        (x + half * 0.1, base),
        (x - half * 0.1, base),
        *left[::-1],
    ]
    canvas.fill(shape, [(0.0, lighter(colour, 0.1)), (1.0, darker(colour, 0.28))])
    if height > canvas.unit * 7:
        lit = SNOW if scene.has("snow") else lighter(colour, 0.3)
        shown = mix(colour, lit, 0.75 if scene.has("snow") else 0.4)
        for px, py in left[::2] + (right[::2] if scene.has("snow") else []):
            inner = (x + (px - x) * 0.3, py - height * 0.055)
            canvas.fill([(px, py), inner, (x + (px - x) * 0.35, py - height * 0.012)], shown, 0.8)


def paint_grass(canvas: Canvas, palette: Palette, top: float, ground: Colour) -> None:
    """Thousands of blades, row by row from the back."""
    rng = canvas.rng
    draw = ImageDraw.Draw(canvas.image)
    base = under(palette.ambient, ground)
    blades = 5200
    for i in range(blades):
        near = i / blades
        y = top + (canvas.height * 1.03 - top) * near**1.6
        long = canvas.unit * (0.7 + 6.5 * near**1.7) * rng.uniform(0.5, 1.2)
        x = rng.random() * canvas.width
        tone = (
            lighter(base, rng.uniform(0, 0.26))
            if rng.random() < 0.5
            else darker(base, rng.uniform(0, 0.5))
        )
        tone = mix(tone, palette.haze, 0.35 * (1 - near) ** 2)
        lean = rng.uniform(-0.35, 0.45) * long
        draw.line((x, y, x + lean, y - long), tone, max(1, round(canvas.unit * 0.26 * near)))


def paint_flowers(canvas: Canvas, scene: Scene, palette: Palette, top: float) -> None:
    rng = canvas.rng
    named = [tint for tint in scene.tints if tint[1] < max(tint[0], tint[2]) + 20]
    chosen = named or rng.sample(PETALS, 4)
    _far_flowers(canvas, palette, top, chosen)
    count = round(120 * canvas.width / canvas.height) + 20
    for i in range(count):
        near = 0.25 + 0.75 * i / count
        y = top + (canvas.height - top) * near**1.5
        size = canvas.unit * (0.35 + 2.1 * near**2.6) * rng.uniform(0.75, 1.2)
        petal = under(palette.ambient, rng.choice(chosen))
        x = rng.random() * canvas.width
        _stem(canvas, x, y, size, near)
        _blossom(canvas, x, y - size * 2.4, size, petal)


def _far_flowers(canvas: Canvas, palette: Palette, top: float, chosen: list[Colour]) -> None:
    rng = canvas.rng
    draw = ImageDraw.Draw(canvas.image)
    for _ in range(1500):
        near = rng.random() ** 1.2 * 0.5
        x, y = rng.random() * canvas.width, top + (canvas.height - top) * near
        size = canvas.unit * (0.08 + 0.5 * near)
        drift = chosen[int((math.sin(x / canvas.width * 5 + near * 9) + 1) * len(chosen) / 2.01)]
        colour = mix(under(palette.ambient, drift), palette.haze, 0.4 * (1 - near * 2))
        draw.ellipse((x - size, y - size * 0.6, x + size, y + size * 0.6), fill=colour)


def _stem(canvas: Canvas, x: float, y: float, size: float, near: float) -> None:
    draw = ImageDraw.Draw(canvas.image)
    draw.line(
        (x, y - size * 2.2, x + size * 0.3, y + size * 2.2), (58, 96, 48), max(1, round(size * 0.2))
    )


def _blossom(canvas: Canvas, x: float, y: float, size: float, petal: Colour) -> None:
    rng = canvas.rng
    turn, petals = rng.random(), rng.choice((5, 6, 8))
    shades: list[tuple[float, Colour]] = [(0.0, lighter(petal, 0.28)), (1.0, darker(petal, 0.22))]
    for i in range(petals):
        angle = 6.283 * (i + turn) / petals
        centre = (x + math.cos(angle) * size * 0.62, y + math.sin(angle) * size * 0.46)
        canvas.ellipse(centre, size * 0.5, size * 0.4, shades)
    canvas.ellipse((x, y), size * 0.3, size * 0.23, [(0.0, (250, 214, 96)), (1.0, (196, 132, 40))])
