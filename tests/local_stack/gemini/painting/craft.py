"""Things people made: a sailing boat, a house, a lighthouse, hot-air balloons."""

import math

from PIL import Image

from tests.local_stack.gemini.painting.canvas import Canvas, Point, points, smooth
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene
from tests.local_stack.gemini.painting.water import rippled


def paint_boat(canvas: Canvas, scene: Scene, palette: Palette, shore: float) -> None:
    """A sloop and its reflection, a little below the horizon."""
    size = canvas.unit * 24
    x = canvas.width * canvas.rng.uniform(0.3, 0.62)
    waterline = shore + (canvas.height - shore) * 0.24
    layer = canvas.layer()
    hull = under(palette.ambient, scene.subject_colour.get("boat", (150, 58, 44)))
    _sloop(layer, x, waterline, size, hull, under(palette.ambient, (250, 244, 230)))
    _reflect(canvas, layer, waterline)
    canvas.lay(layer)


def _sloop(layer: Canvas, x: float, y: float, size: float, hull: Colour, sail: Colour) -> None:
    def at(across: float, up: float) -> Point:
        return x + across * size, y - up * size

    def put(text: str) -> list[Point]:
        return [at(*pair) for pair in points(text)]

    layer.fill(put("-.012,.05 -.006,1.34 .006,1.34 .012,.05"), darker(hull, 0.5))
    main = [*_bulge(at(0.02, 1.3), at(0.44, 0.19), 0.1, size), at(0.02, 0.17)]
    layer.fill(main, [(0.0, lighter(sail, 0.3)), (1.0, darker(sail, 0.18))])
    jib = [*_bulge(at(-0.03, 1.16), at(-0.42, 0.14), -0.05, size), at(-0.05, 0.2)]
    layer.fill(jib, [(0.0, sail), (1.0, darker(sail, 0.32))])
    for share in (0.34, 0.58, 0.8):
        seam = [at(0.02, 1.3 - share * 1.12), at(0.04 + 0.42 * share, 1.26 - share * 1.07)]
        layer.fill(
            [*seam, (seam[1][0], seam[1][1] + 1.5), (seam[0][0], seam[0][1] + 1.5)],
            darker(sail, 0.4),
            0.35,
        )
    deck = smooth(put("-.5,.11 -.2,.085 .2,.09 .42,.12 .37,0 .1,-.04 -.3,-.03"), 6)
    layer.fill(deck, [(0.0, lighter(hull, 0.22)), (0.5, hull), (1.0, darker(hull, 0.55))])
    layer.fill(put("-.49,.115 .42,.125 .41,.1 -.46,.092"), lighter(sail, 0.1), 0.8)
    layer.ellipse(at(0.13, 0.19), size * 0.028, size * 0.034, darker(hull, 0.7))
    layer.fill(put(".1,.16 .17,.16 .19,.07 .07,.07"), darker(hull, 0.6))


def _bulge(start: Point, end: Point, belly: float, size: float) -> list[Point]:
    """A line from start to end that wind has pushed out by `belly`."""
    line = []
    for step in range(13):
        t = step / 12
        push = math.sin(t * math.pi) * belly * size
        line.append((start[0] + (end[0] - start[0]) * t + push, start[1] + (end[1] - start[1]) * t))
    return line


def _reflect(canvas: Canvas, layer: Canvas, waterline: float) -> None:
    top = round(waterline)
    height = min(canvas.height - top, top)
    if height < 4:
        return
    flipped = layer.image.crop((0, top - height, canvas.width, top)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    flipped = flipped.resize((canvas.width, max(2, height * 3 // 4)))
    mirror = Canvas(flipped, canvas.rng)
    mirror.image = rippled(mirror, 0.8)
    faint = mirror.image.getchannel("A").point(lambda v: v * 2 // 5)
    canvas.image.paste(mirror.image.convert("RGB"), (0, top), faint)


def paint_house(canvas: Canvas, scene: Scene, palette: Palette, ground: float) -> None:
    """A gabled cottage with warm windows, standing at the line `ground`."""
    size, x = canvas.unit * 15, canvas.width * canvas.rng.uniform(0.28, 0.66)
    wall = under(palette.ambient, scene.subject_colour.get("house", (222, 204, 176)))
    roof = under(palette.ambient, (236, 240, 246) if scene.has("snow") else (140, 66, 52))

    def at(across: float, up: float) -> Point:
        return x + across * size, ground - up * size

    def put(text: str) -> list[Point]:
        return [at(*pair) for pair in points(text)]

    canvas.ellipse(
        at(0.4, -0.03), size * 1.3, size * 0.1, darker(palette.haze, 0.8), 0.4, canvas.unit
    )
    canvas.fill(put(".5,0 1.3,.04 1.3,.56 .5,.56"), darker(wall, 0.28))
    canvas.fill(
        put("-.3,0 .5,0 .5,.56 .1,1.05 -.3,.56"),
        [(0.0, lighter(wall, 0.1)), (1.0, darker(wall, 0.12))],
    )
    canvas.fill(put("1,.9 1,1.34 1.13,1.34 1.13,.9"), darker(wall, 0.4))
    canvas.fill(
        put(".08,1.12 1.06,1.1 1.4,.52 .56,.5"),
        [(0.0, lighter(roof, 0.12)), (1.0, darker(roof, 0.3))],
    )
    canvas.fill(put(".08,1.12 -.42,.5 -.33,.46 .1,1"), darker(roof, 0.2))
    warm = (255, 214, 130) if scene.light != "day" else mix((90, 120, 150), palette.haze, 0.3)
    for left, low, wide in ((-0.16, 0.26, 0.17), (0.68, 0.22, 0.16), (0.98, 0.22, 0.16)):
        right, top = left + wide, low + 0.2
        pane = [at(left, low), at(right, low), at(right, top), at(left, top)]
        canvas.fill(pane, warm)
        if scene.light != "day":
            canvas.glow(at(left + wide / 2, low + 0.1), size * 0.5, (255, 180, 80), 0.6)
    canvas.fill(put(".18,0 .36,0 .36,.4 .18,.4"), darker(roof, 0.45))


def paint_lighthouse(canvas: Canvas, palette: Palette, shore: float, dark: bool) -> None:
    size = canvas.unit * 34
    x = canvas.width * canvas.rng.choice((0.22, 0.76))
    foot = shore + canvas.unit * 5

    def at(across: float, up: float) -> Point:
        return x + across * size, foot - up * size

    def put(text: str) -> list[Point]:
        return [at(*pair) for pair in points(text)]

    rock = smooth(put("-.5,-.1 -.34,.08 -.1,.15 .16,.13 .4,.05 .56,-.1"))
    canvas.fill(rock, [(0.0, under(palette.ambient, (112, 102, 96))), (1.0, (26, 28, 36))])
    white, red = under(palette.ambient, (246, 240, 230)), under(palette.ambient, (196, 58, 46))
    for i in range(5):
        low, high = 0.1 + i * 0.15, 0.1 + (i + 1) * 0.15
        half_low, half_high = 0.1 - low * 0.045, 0.1 - high * 0.045
        ring = red if i % 2 else white
        canvas.fill(
            [at(-half_low, low), at(half_low, low), at(half_high, high), at(-half_high, high)], ring
        )
        canvas.fill(
            [
                at(half_low * 0.25, low),
                at(half_low, low),
                at(half_high, high),
                at(half_high * 0.25, high),
            ],
            darker(ring, 0.5),
            0.45,
        )
    canvas.fill(put("-.09,.85 .09,.85 .08,.88 -.08,.88"), (34, 36, 44))
    canvas.fill(put("-.045,.88 .045,.88 .045,.97 -.045,.97"), (255, 226, 150))
    canvas.fill(put("-.07,.97 .07,.97 0,1.07"), red)
    if dark:
        beam = put("0,.925 -2.6,1.3 -2.6,.95")
        canvas.fill(beam, (255, 240, 190), 0.24, blur=canvas.unit * 0.8)
    canvas.glow(at(0, 0.925), size * 0.5, (255, 220, 140), 0.85 if dark else 0.3)


def paint_balloons(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    tones: tuple[Colour, ...] = ((214, 74, 60), (240, 176, 70), (70, 130, 180), (150, 84, 160))
    for i in range(5):
        size = canvas.unit * (7.5 if i == 4 else canvas.rng.uniform(1.6, 3.8))
        x = canvas.width * (
            canvas.rng.uniform(0.3, 0.7) if i == 4 else (i + canvas.rng.random()) / 4
        )
        y = horizon * canvas.rng.uniform(0.2, 0.55)
        colour = under(palette.ambient, scene.subject_colour.get("balloon", tones[i % 4]))
        colour = mix(colour, palette.haze, 0.0 if i == 4 else 0.35)
        for stripe in range(5, 0, -1):
            shade = colour if stripe % 2 else lighter(colour, 0.5)
            canvas.ellipse(
                (x, y),
                size * stripe / 5,
                size * 1.08,
                [(0.0, lighter(shade, 0.3)), (1.0, darker(shade, 0.35))],
            )
        for top, bottom, wide, narrow, tone in (
            (0.8, 1.5, 0.66, 0.16, darker(colour, 0.3)),
            (1.66, 1.92, 0.16, 0.14, (92, 62, 42)),
        ):
            upper, lower = y + size * top, y + size * bottom
            left, right = [(x - size * narrow, lower), (x - size * wide, upper)], x + size * wide
            canvas.fill([*left, (right, upper), (x + size * narrow, lower)], tone)
