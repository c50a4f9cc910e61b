"""A fox, a cat, a dog and birds: a few curves each, lit from above."""

import math

from tests.local_stack.gemini.painting.canvas import Canvas, Point, points, smooth
from tests.local_stack.gemini.painting.colours import NAMED, Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import ANIMALS, Scene

# Half outlines of a sitting animal, seen from the front; x from its axis, y from the ears' tips (0)
# to the paws (1). Mirrored on drawing.
FOX_HEAD = points(
    "0,.13 .07,.12 .13,.075 .2,0 .235,.12 .25,.22 .285,.31 .19,.385 .09,.445 .04,.487 0,.495"
)
FOX_CHEEK = points(".03,.34 .12,.31 .2,.305 .28,.312 .19,.382 .09,.442 0,.48")
CAT_HEAD = points("0,.14 .08,.13 .13,.08 .19,.01 .23,.13 .25,.24 .23,.34 .16,.42 .07,.46 0,.465")
DOG_HEAD = points("0,.12 .1,.12 .17,.16 .21,.25 .19,.36 .12,.45 .06,.475 0,.48")
FLAP = points(".13,.13 .2,.16 .27,.25 .29,.36 .25,.42 .21,.37 .19,.27")
BODY = points("0,.4 .12,.44 .17,.56 .21,.72 .25,.86 .25,.96 .18,1 0,1")
CHEST = points("0,.42 .1,.45 .13,.53 .1,.64 .05,.74 0,.8")
EAR = points(".12,.15 .195,.045 .215,.15 .17,.17")
TAIL = points(".1,.97 .3,.985 .46,.9 .53,.74 .47,.58 .4,.53 .37,.62 .36,.74 .28,.83 .1,.86")
LEG = points(".015,.66 .1,.66 .095,.86 .12,.98 .02,.99 .012,.86")


HEADS = {"fox": FOX_HEAD, "cat": CAT_HEAD, "dog": DOG_HEAD}
FURS: dict[str, tuple[Colour, ...]] = {
    "fox": ((208, 84, 34), (214, 102, 40)),
    "cat": ((96, 92, 96), (206, 138, 74), (58, 56, 62)),
    "dog": ((150, 104, 62), (206, 170, 118), (70, 58, 52)),
}


def paint_animals(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    """All that are in the scene, side by side."""
    shown = [name for name in ANIMALS if scene.shows(name)]
    for place, name in enumerate(shown):
        tone = canvas.rng.choice(FURS[name])
        fur = scene.subject_colour.get(name, tone)
        if name == "fox" and fur == NAMED["red"]:
            fur = FURS["fox"][0]  # a "red" fox is the colour of rust, not of paint
        x = canvas.width * ((place + 1) / (len(shown) + 1) + canvas.rng.uniform(-0.08, 0.08))
        _animal(canvas, palette, fur, name, x, 1 / (len(shown) + 0.25))


def _animal(
    canvas: Canvas, palette: Palette, fur: Colour, kind: str, x: float, share: float
) -> None:
    """`share` of the picture's width it may have."""
    is_fox, is_dog = kind == "fox", kind == "dog"
    size = min(canvas.height * 0.56, canvas.width * share)
    top = canvas.height * 0.93 - size
    # Half of the light's colour only: the subject should stand out from the wood behind it.
    fur = mix(under(palette.ambient, fur), fur, 0.55)
    cream = mix(under(palette.ambient, (252, 240, 222)), (252, 240, 222), 0.5)
    dark: Colour = (44, 30, 32)

    def at(point: Point) -> Point:
        return x + point[0] * size, top + point[1] * size

    def half(points: list[Point], side: int) -> list[Point]:
        return [at((px * side, py)) for px, py in smooth(points, 6)]

    def whole(points: list[Point]) -> list[Point]:
        mirrored = [(-px, py) for px, py in reversed(points) if px > 0]
        return [at(point) for point in smooth([*points, *mirrored], 6)]

    shades: list[tuple[float, Colour]] = [
        (0.0, lighter(fur, 0.16)),
        (0.6, fur),
        (1.0, darker(fur, 0.45)),
    ]
    canvas.ellipse(at((0.06, 0.995)), size * 0.46, size * 0.05, (10, 14, 16), 0.5, blur=size * 0.02)
    _tail(canvas, [at(p) for p in smooth(TAIL, 6)], shades, cream if is_fox else fur, size)
    canvas.fill(whole(BODY), shades)
    for side in (-1, 1):
        haunch = at((0.16 * side, 0.86))
        canvas.ellipse(haunch, size * 0.11, size * 0.13, darker(fur, 0.16), 0.5, blur=size * 0.02)
    for side in (-1, 1):
        leg = [at((px * side, py)) for px, py in smooth(LEG, 5)]
        sock: Colour = dark if is_fox else darker(fur, 0.12)
        canvas.fill(leg, [(0.0, fur), (0.45, darker(fur, 0.12)), (0.7, sock), (1.0, sock)])
    canvas.fill(
        whole(CHEST),
        [(0.0, darker(cream, 0.25)), (0.3, cream), (1.0, darker(cream, 0.1))],
        0.95,
        size * 0.006,
    )
    canvas.ellipse(
        at((0, 0.475)), size * 0.16, size * 0.04, darker(fur, 0.7), 0.35, blur=size * 0.02
    )
    canvas.fill(whole(HEADS[kind]), shades)
    if is_dog:
        canvas.ellipse(at((0, 0.4)), size * 0.1, size * 0.075, mix(cream, fur, 0.35))
    for side in (-1, 1):
        inside = darker(fur, 0.62 if is_fox else 0.3)
        canvas.fill(half(FLAP if is_dog else EAR, side), inside, 0.9, blur=size * 0.004)
        if is_fox:
            canvas.fill(half(FOX_CHEEK, side), cream, 0.97, blur=size * 0.003)
        _eye(canvas, at((0.093 * side, 0.3 if is_fox else 0.29)), size, side, is_fox)
    nose = at((0, 0.465 if is_fox else 0.37))
    canvas.ellipse(nose, size * 0.03, size * 0.022, (190, 116, 112) if kind == "cat" else dark)
    canvas.ellipse(
        (nose[0] - size * 0.008, nose[1] - size * 0.008),
        size * 0.008,
        size * 0.005,
        (190, 180, 180),
        0.8,
    )
    if kind == "cat":
        _whiskers(canvas, nose, size, cream)


def _tail(
    canvas: Canvas,
    outline: list[Point],
    shades: list[tuple[float, Colour]],
    tip: Colour,
    size: float,
) -> None:
    canvas.fill(outline, shades)
    top = min(y for _, y in outline)
    end = [
        (x, min(y, top + size * (0.12 + 0.02 * math.sin(x))))
        for x, y in outline
        if y < top + size * 0.2
    ]
    if len(end) > 2:
        canvas.fill(end, tip, 0.95, blur=size * 0.004)


def _eye(canvas: Canvas, centre: Point, size: float, side: int, is_fox: bool) -> None:
    iris: Colour = (226, 160, 50) if is_fox else (158, 196, 96)
    rx, ry = (0.036, 0.021) if is_fox else (0.044, 0.036)
    almond = [
        (
            centre[0] + math.cos(a) * rx * size,
            centre[1] + math.sin(a) * ry * size - math.cos(a) * side * size * 0.012,
        )
        for a in [i * math.pi / 12 for i in range(24)]
    ]
    canvas.fill(
        [(px + (px - centre[0]) * 0.3, py + (py - centre[1]) * 0.3) for px, py in almond],
        (36, 24, 26),
    )
    canvas.fill(almond, iris)
    canvas.ellipse(centre, size * (0.015 if is_fox else 0.012), size * ry * 0.95, (18, 14, 18))
    canvas.ellipse(
        (centre[0] - size * 0.008, centre[1] - size * 0.009),
        size * 0.006,
        size * 0.006,
        (255, 255, 255),
    )


def _whiskers(canvas: Canvas, nose: Point, size: float, colour: Colour) -> None:
    for side in (-1, 1):
        for drop in (-0.02, 0.012, 0.045):
            tip = (nose[0] + side * size * 0.3, nose[1] + size * drop)
            root = (nose[0] + side * size * 0.06, nose[1] + size * 0.018)
            canvas.fill([root, tip, (root[0], root[1] + size * 0.005)], colour, 0.7)


def paint_birds(canvas: Canvas, palette: Palette, horizon: float) -> None:
    """A loose flock, each bird two bent wings."""
    rng = canvas.rng
    x, y = canvas.width * rng.uniform(0.25, 0.7), horizon * rng.uniform(0.22, 0.42)
    colour = darker(palette.sky[0][1], 0.6)
    for _ in range(9):
        size = canvas.unit * rng.uniform(1.1, 2.6)
        bx, by = x + rng.gauss(0, 13) * canvas.unit, y + rng.gauss(0, 5) * canvas.unit
        lift = rng.uniform(0.2, 0.6)
        half = [(-1, -lift), (-0.4, -0.34), (0, 0), (0.4, -0.34), (1, -lift), (0.38, -0.16)]
        wings = [(bx + x * size, by + y * size) for x, y in [*half, (0, 0.2), (-0.38, -0.16)]]
        canvas.fill(wings, colour, 0.9)
