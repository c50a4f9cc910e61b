"""The light of a scene: its sky, the haze that far things fade into, and the colour of its lamp."""

import random
from dataclasses import dataclass

from tests.local_stack.gemini.painting.colours import Colour, Stops, darker, mix, under
from tests.local_stack.gemini.painting.scene import Light, Scene


@dataclass(frozen=True)
class Palette:
    sky: Stops
    haze: Colour
    ambient: Colour
    lamp: Colour
    glow: Colour


SKIES: dict[Light, list[Palette]] = {
    "day": [
        Palette(
            [(0, (46, 110, 186)), (0.55, (128, 186, 226)), (1, (226, 238, 236))],
            (190, 214, 226),
            (250, 246, 236),
            (255, 250, 226),
            (255, 236, 190),
        ),
        Palette(
            [(0, (58, 132, 190)), (0.5, (150, 204, 222)), (1, (248, 236, 214))],
            (206, 220, 216),
            (252, 244, 226),
            (255, 246, 214),
            (255, 228, 170),
        ),
    ],
    "sunset": [
        Palette(
            [
                (0, (36, 34, 88)),
                (0.35, (122, 58, 124)),
                (0.62, (222, 92, 92)),
                (0.84, (250, 158, 84)),
                (1, (255, 214, 134)),
            ],
            (232, 136, 104),
            (176, 112, 118),
            (255, 240, 190),
            (255, 150, 70),
        ),
        Palette(
            [
                (0, (24, 48, 92)),
                (0.4, (86, 84, 134)),
                (0.68, (216, 108, 82)),
                (0.86, (246, 168, 72)),
                (1, (255, 222, 140)),
            ],
            (214, 128, 92),
            (168, 112, 106),
            (255, 238, 180),
            (255, 140, 60),
        ),
    ],
    "sunrise": [
        Palette(
            [
                (0, (74, 112, 176)),
                (0.42, (150, 164, 206)),
                (0.7, (240, 184, 178)),
                (0.88, (255, 214, 166)),
                (1, (255, 238, 196)),
            ],
            (230, 190, 184),
            (214, 188, 190),
            (255, 250, 220),
            (255, 190, 130),
        ),
        Palette(
            [
                (0, (62, 124, 162)),
                (0.45, (148, 186, 196)),
                (0.74, (246, 200, 158)),
                (1, (255, 236, 184)),
            ],
            (226, 200, 176),
            (218, 196, 180),
            (255, 250, 214),
            (255, 184, 110),
        ),
    ],
    "night": [
        Palette(
            [(0, (7, 10, 34)), (0.5, (18, 36, 82)), (0.85, (46, 80, 124)), (1, (84, 120, 152))],
            (56, 88, 130),
            (84, 104, 152),
            (244, 244, 226),
            (150, 180, 224),
        ),
        Palette(
            [(0, (14, 8, 40)), (0.5, (40, 30, 88)), (0.85, (84, 70, 132)), (1, (134, 110, 150))],
            (86, 76, 132),
            (96, 94, 150),
            (250, 242, 224),
            (190, 170, 220),
        ),
    ],
    "overcast": [
        Palette(
            [(0, (62, 76, 94)), (0.6, (122, 136, 148)), (1, (184, 190, 190))],
            (160, 170, 176),
            (168, 176, 186),
            (236, 238, 232),
            (200, 208, 210),
        ),
    ],
}


def choose_palette(scene: Scene, rng: random.Random) -> Palette:
    """One of the light's skies, shifted a little so that no two prompts share their colours."""
    base = rng.choice(SKIES[scene.light])
    if scene.light == "overcast" and scene.has("city"):
        base = _dusky(base)
    shift = (rng.randint(-14, 14), rng.randint(-8, 8), rng.randint(-14, 14))
    return Palette(
        [(at, _shifted(colour, shift)) for at, colour in base.sky],
        _shifted(base.haze, shift),
        base.ambient,
        base.lamp,
        base.glow,
    )


def _dusky(base: Palette) -> Palette:
    """City rain looks best when the lamps are already lit."""
    blue: Colour = (28, 40, 78)
    ember: Colour = (196, 132, 104)
    sky = [
        (at, mix(mix(darker(colour, 0.5), blue, 0.45), ember, 0.5 * at**3))
        for at, colour in base.sky
    ]
    return Palette(sky, (104, 100, 124), (120, 130, 160), base.lamp, base.glow)


def _shifted(colour: Colour, shift: tuple[int, int, int]) -> Colour:
    red, green, blue = (min(255, max(0, c + s)) for c, s in zip(colour, shift, strict=True))
    return (red, green, blue)


def sunlit(palette: Palette, colour: Colour) -> Colour:
    """Pale ground throws the lamp's light back, so it stays brighter than the ambient light."""
    return mix(under(palette.ambient, colour), under(palette.lamp, colour), 0.3)
