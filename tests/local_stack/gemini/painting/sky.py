"""Everything above the land: gradient, stars, aurora, sun or moon, clouds."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.local_stack.gemini.painting.canvas import Canvas, Point, cloudy, contrast, gradient
from tests.local_stack.gemini.painting.colours import Colour, lighter, mix
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene


def paint_sky(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> Point:
    """Fills the picture down to the horizon (pixels); returns where the lamp stands."""
    width, height = canvas.width, canvas.height
    reach = max(2, round(horizon))
    canvas.image.paste(palette.sky[-1][1], (0, 0, width, height))
    canvas.image.paste(gradient((width, reach), palette.sky), (0, 0))
    if scene.light == "night":
        _stars(canvas, horizon)
    if scene.has("aurora"):
        _aurora(canvas, horizon)
    lamp = _lamp_place(canvas, scene, horizon)
    far_glow = 62 if scene.light in ("sunset", "sunrise") else 42
    if scene.light != "overcast":
        canvas.glow(lamp, canvas.unit * far_glow * 1.2, palette.glow, 0.7)
    if "cloud" not in scene.hidden:
        _clouds(canvas, scene, palette, horizon)
    _lamp(canvas, scene, palette, lamp)
    return lamp


def _lamp_place(canvas: Canvas, scene: Scene, horizon: float) -> Point:
    across = canvas.rng.uniform(0.24, 0.76) * canvas.width
    if scene.has("huge"):
        return across, horizon * 0.48
    if scene.light in ("sunset", "sunrise"):
        return across, horizon * canvas.rng.uniform(0.78, 0.9)
    return across, horizon * canvas.rng.uniform(0.22, 0.4)


def _lamp(canvas: Canvas, scene: Scene, palette: Palette, at: Point) -> None:
    if scene.light == "overcast" or scene.hidden & {"sun", "moon"}:
        return
    if scene.light == "night" or scene.has("moon"):
        _moon(canvas, scene, palette, at)
        return
    size = canvas.unit * (13 if scene.has("huge") else 4.6)
    canvas.glow(at, size * 5.5, palette.glow, 0.75)
    canvas.ellipse(at, size, size, palette.lamp, 0.96, blur=canvas.unit * 0.16)


def _moon(canvas: Canvas, scene: Scene, palette: Palette, at: Point) -> None:
    radius = canvas.unit * (21 if scene.has("huge") else 5)
    canvas.glow(at, radius * 3.6, palette.glow, 0.55)
    side = round(radius * 2)
    surface = cloudy((side, side), canvas.rng, 3, 3, 5).point(lambda v: 196 + v // 4)
    face = ImageChops.multiply(
        Image.new("RGB", (side, side), palette.lamp), Image.merge("RGB", (surface,) * 3)
    )
    seas = cloudy((side, side), canvas.rng, 3, 3, 3).point(contrast(130, 175))
    face.paste(mix(palette.lamp, palette.haze, 0.5), (0, 0), seas.point(lambda v: v * 5 // 9))
    disc = Image.new("L", (side * 2, side * 2))
    ImageDraw.Draw(disc).ellipse((2, 2, side * 2 - 3, side * 2 - 3), fill=255)
    disc = disc.reduce(2)
    shade = Image.new("L", (side, side), 255)
    ImageDraw.Draw(shade).ellipse((side * 0.3, side * 0.12, side * 1.5, side * 1.2), fill=165)
    face = ImageChops.multiply(
        face, Image.merge("RGB", (shade.filter(ImageFilter.GaussianBlur(radius / 4)),) * 3)
    )
    canvas.image.paste(face, (round(at[0] - radius), round(at[1] - radius)), disc)


def _stars(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    side = canvas.width + canvas.height
    band = cloudy((side, side), rng, 3, 8, 5).rotate(28, Image.Resampling.BILINEAR)
    left, top = (side - canvas.width) // 2, (side - canvas.height) // 2
    band = band.crop((left, top, left + canvas.width, top + canvas.height))
    canvas.image.paste(
        (148, 140, 196), (0, 0), band.point(contrast(120, 200)).point(lambda v: v // 4)
    )
    draw = ImageDraw.Draw(canvas.image)
    for _ in range(round(canvas.width * horizon / 1500)):
        x, y = rng.random() * canvas.width, rng.random() ** 1.4 * horizon
        glint = lighter((170, 186, 226), rng.random())
        draw.point((x, y), mix((60, 74, 120), glint, rng.random()))
    for _ in range(36):
        x, y = rng.random() * canvas.width, rng.random() ** 1.3 * horizon
        size = canvas.unit * rng.uniform(0.07, 0.17)
        canvas.glow((x, y), size * 12, (150, 180, 255), 0.5)
        canvas.ellipse((x, y), size, size, (250, 250, 255))


def _aurora(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    size = (canvas.width, max(2, round(horizon)))
    for colour in ((70, 236, 160), (120, 90, 220)):
        curtain = cloudy(size, rng, 6, 1, 5).point(contrast(110, 190))
        fold = Image.new("L", size)
        draw = ImageDraw.Draw(fold)
        phase, rise = rng.random() * 6, rng.uniform(0.28, 0.5)
        for x in range(0, size[0], 4):
            foot = size[1] * (rise + 0.34 + 0.12 * math.sin(x / size[0] * 6 + phase))
            draw.rectangle((x, foot - size[1] * rise, x + 4, foot), fill=235)
        fold = fold.filter(ImageFilter.GaussianBlur(canvas.unit * 4))
        light = ImageChops.multiply(curtain, fold)
        canvas.image.paste(colour, (0, 0), light.point(lambda v: v * 3 // 5))


def _clouds(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    size = (canvas.width, max(2, round(horizon)))
    down = max(3, round(9 * horizon / canvas.width))
    noise = cloudy(size, canvas.rng, 3, down, 6)
    heavy = scene.has("cloud", "rain")
    low = 92 if heavy else 126
    lit, shaded = _cloud_colours(scene, palette)
    body = noise.point(contrast(low, low + 74))
    thin = gradient(size, [(0, (255, 255, 255)), (0.7, (210,) * 3), (1, (60, 60, 60))]).getchannel(
        0
    )
    body = ImageChops.multiply(body, thin)
    under = ImageChops.offset(body, 0, round(-canvas.unit * 1.6))
    canvas.image.paste(shaded, (0, 0), body.point(lambda v: v * 4 // 5))
    rim = ImageChops.subtract(body, under)
    canvas.image.paste(lit, (0, 0), ImageChops.multiply(body, rim.point(lambda v: min(255, v * 3))))
    canvas.image.paste(lit, (0, 0), body.point(contrast(120, 255)).point(lambda v: v // 2))


def _cloud_colours(scene: Scene, palette: Palette) -> tuple[Colour, Colour]:
    """(lit rim, shaded belly)"""
    middle = palette.sky[len(palette.sky) // 2][1]
    if scene.light == "night":
        return mix(palette.glow, middle, 0.4), mix(middle, palette.haze, 0.4)
    if scene.light == "overcast":
        return lighter(palette.haze, 0.1), mix(palette.sky[0][1], middle, 0.35)
    if scene.light == "day":
        return (255, 253, 246), mix(middle, (240, 244, 248), 0.62)
    return lighter(palette.glow, 0.35), mix(middle, palette.sky[0][1], 0.28)
