"""Water that mirrors what stands above it, with ripples and the lamp's path of light."""

import math

from PIL import Image, ImageDraw, ImageFilter

from tests.local_stack.gemini.painting.canvas import Canvas, Point, cloudy, gradient
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene

SEA: Colour = (36, 104, 140)


def paint_water(canvas: Canvas, scene: Scene, palette: Palette, shore: float, lamp: Point) -> None:
    """Fills from the line `shore` to the bottom edge."""
    top = round(shore)
    size = (canvas.width, canvas.height - top)
    if size[1] < 4:
        return
    own = scene.tints[0] if scene.tints and not scene.has("fox", "flower") else SEA
    deep = mix(under(palette.ambient, own), palette.haze, 0.12)
    water = Canvas(mirrored(canvas, top, size), canvas.rng)
    body = gradient(size, [(0, mix(palette.haze, deep, 0.25)), (0.3, deep), (1, darker(deep, 0.4))])
    calm = 0.42 if scene.light in ("sunset", "sunrise", "night") else 0.55
    water.image = Image.blend(water.image, body, calm)
    water.image = rippled(water, 0.55)
    _swell(water, lighter(palette.haze, 0.2), darker(deep, 0.45))
    if scene.light != "overcast":
        _path_of_light(water, lamp[0], palette)
    canvas.image.paste(water.image, (0, top))


def mirrored(canvas: Canvas, top: int, size: tuple[int, int]) -> Image.Image:
    """What is above the line `top`, upside down, stretched to `size` and softened."""
    above = canvas.image.crop((0, max(0, top - round(size[1] * 1.1)), canvas.width, top))
    flipped = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    small = (max(2, size[0] // 3), max(2, size[1] // 5))
    return flipped.resize(small, Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)


def rippled(water: Canvas, strength: float) -> Image.Image:
    """Rows pushed sideways by overlapping waves that lengthen toward the viewer."""
    source, result = water.image, water.image.copy()
    phase = water.rng.random() * 6
    y = 0
    while y < source.height:
        near = y / source.height
        rows = 1 + round(near * 3)
        sway = math.sin(y / (3 + near * 22) + phase) + 0.6 * math.sin(y / (7 + near * 9))
        shift = round(sway * water.unit * strength * (0.3 + near * 1.4))
        result.paste(source.crop((0, y, source.width, y + rows)), (shift, y))
        y += rows
    return result


def _swell(water: Canvas, crest: Colour, trough: Colour) -> None:
    """Long thin strokes, finer and denser toward the horizon."""
    rng = water.rng
    veil = Image.new("RGBA", water.image.size, (*crest, 0))
    draw = ImageDraw.Draw(veil)
    for _ in range(round(water.width * 1.1)):
        near = rng.random() ** 1.4
        x, y = rng.random() * water.width, near * water.height
        reach = water.unit * (0.6 + 7 * near) * rng.uniform(0.4, 1.3)
        thick = max(1, round(water.unit * 0.3 * near))
        colour = crest if rng.random() < 0.5 else trough
        bend = water.unit * 0.12 * rng.uniform(-1, 1)
        draw.line((x, y, x + reach, y + bend), (*colour, rng.randint(26, 84)), thick)
    veil = veil.filter(ImageFilter.BoxBlur(1))
    water.image.paste(veil, (0, 0), veil)


def _path_of_light(water: Canvas, x: float, palette: Palette) -> None:
    rng = water.rng
    for wide, strength in ((22, 0.3), (9, 0.34)):
        water.glow((x, 0), water.unit * wide * 1.5, palette.glow, strength)
    light = Image.new("L", water.image.size)
    draw = ImageDraw.Draw(light)
    for _ in range(round(water.height * 1.3)):
        near = rng.random() ** 1.25
        spread = water.unit * (3 + 13 * near)
        middle = x + rng.gauss(0, 0.42) * spread
        reach = water.unit * (0.5 + 2.6 * near) * rng.uniform(0.4, 1.2)
        thick = water.unit * (0.07 + 0.3 * near)
        y = near * water.height
        box = (middle - reach, y - thick, middle + reach, y + thick)
        draw.ellipse(box, fill=rng.randint(120, 255))
    fade = gradient(light.size, [(0, (235,) * 3), (0.6, (150,) * 3), (1, (60,) * 3)]).getchannel(0)
    light = Image.composite(light, Image.new("L", light.size), fade).filter(ImageFilter.BoxBlur(1))
    water.image.paste(palette.lamp, (0, 0), light)


def paint_beach(canvas: Canvas, palette: Palette, sand: Colour) -> None:
    """A wet strip of sand across the foreground with a line of foam."""
    height = canvas.height
    steps = 50
    slope = canvas.rng.uniform(-0.05, 0.05)
    line = [
        (
            canvas.width * i / steps,
            height * (0.84 + slope * (i / steps - 0.5) * 2 + 0.016 * math.sin(i / 4.4)),
        )
        for i in range(steps + 1)
    ]
    base = [(float(canvas.width), float(height)), (0.0, float(height))]
    lit = under(palette.ambient, sand)
    foam = lighter(palette.haze, 0.6)
    for lift, colour, opacity in (
        (3.2, foam, 0.35),
        (2.2, foam, 0.75),
        (1.2, darker(lit, 0.35), 0.8),
        (0.0, lit, 1.0),
    ):
        shifted = [(x, y - canvas.unit * lift) for x, y in line]
        canvas.fill([*shifted, *base], colour, opacity, blur=canvas.unit * 0.3)
    strip = (0, round(height * 0.8), canvas.width, height)
    grains = cloudy((strip[2], strip[3] - strip[1]), canvas.rng, 20, 5, 4)
    dark = grains.point(lambda v: max(0, v - 120) // 3)
    canvas.image.paste(darker(lit, 0.5), strip, dark)
