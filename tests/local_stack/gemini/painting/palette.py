"""The light of a scene: its sky, the haze that far things fade into, and the colour of its lamp."""

import random
from dataclasses import dataclass

from tests.local_stack.gemini.painting.colours import Colour, Stops, coloured, darker, mix, under
from tests.local_stack.gemini.painting.scene import Light, Scene


@dataclass(frozen=True)
class Palette:
    sky: Stops
    haze: Colour
    ambient: Colour
    lamp: Colour
    glow: Colour


def _palette(sky: str, rest: str) -> Palette:
    """`sky`: positions and colours by turns; `rest`: haze, ambient, lamp and glow, all in hex."""
    stops = sky.split()
    haze, ambient, lamp, glow = map(coloured, rest.split())
    pairs = zip(map(float, stops[::2]), map(coloured, stops[1::2]), strict=True)
    return Palette(list(pairs), haze, ambient, lamp, glow)


SKIES: dict[Light, list[Palette]] = {
    "day": [
        _palette("0 2e6eba .55 80bae2 1 e2eeec", "bed6e2 faf6ec fffae2 ffecbe"),
        _palette("0 3a84be .5 96ccde 1 f8ecd6", "cedcd8 fcf4e2 fff6d6 ffe4aa"),
    ],
    "sunset": [
        _palette(
            "0 242258 .35 7a3a7c .62 de5c5c .84 fa9e54 1 ffd686", "e88868 b07076 fff0be ff9646"
        ),
        _palette(
            "0 18305c .4 565486 .68 d86c52 .86 f6a848 1 ffde8c", "d6805c a8706a ffeeb4 ff8c3c"
        ),
    ],
    "sunrise": [
        _palette(
            "0 4a70b0 .42 96a4ce .7 f0b8b2 .88 ffd6a6 1 ffeec4", "e6beb8 d6bcbe fffadc ffbe82"
        ),
        _palette("0 3e7ca2 .45 94bac4 .74 f6c89e 1 ffecb8", "e2c8b0 dac4b4 fffad6 ffb86e"),
    ],
    "night": [
        _palette("0 070a22 .5 122452 .85 2e507c 1 547898", "385882 546898 f4f4e2 96b4e0"),
        _palette("0 0e0828 .5 281e58 .85 544684 1 866e96", "564c84 605e96 faf2e0 beaadc"),
    ],
    "overcast": [_palette("0 3e4c5e .6 7a8894 1 b8bebe", "a0aab0 a8b0ba eceee8 c8d0d2")],
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
