"""Conifers in rows with mist between them."""

from PIL import ImageChops

from tests.local_stack.gemini.painting.canvas import Canvas, Point, cloudy, gradient
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.land import SNOW
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene

PINE: Colour = (38, 72, 58)


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
