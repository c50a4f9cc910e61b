"""Colours as (red, green, blue), 0 to 255, and the small arithmetic the painter needs."""

Colour = tuple[int, int, int]
Stops = list[tuple[float, Colour]]

NAMED: dict[str, Colour] = {
    "red": (196, 52, 40),
    "orange": (232, 120, 40),
    "yellow": (242, 200, 70),
    "gold": (224, 170, 60),
    "green": (86, 150, 72),
    "turquoise": (56, 178, 172),
    "teal": (28, 120, 124),
    "blue": (52, 104, 178),
    "indigo": (62, 58, 150),
    "purple": (126, 66, 168),
    "violet": (142, 88, 196),
    "pink": (232, 130, 168),
    "magenta": (200, 50, 140),
    "brown": (122, 82, 54),
    "black": (38, 38, 44),
    "white": (238, 236, 230),
    "grey": (132, 138, 146),
    "silver": (184, 190, 200),
}


def coloured(code: str) -> Colour:
    """Six hexadecimal digits as a colour."""
    red, green, blue = bytes.fromhex(code)
    return (red, green, blue)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 gives the first colour, 1 the second."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def under(light: Colour, colour: Colour) -> Colour:
    """The colour as it looks in that light: a per-channel product, white light changes nothing."""
    return (light[0] * colour[0] // 255, light[1] * colour[1] // 255, light[2] * colour[2] // 255)


def lighter(colour: Colour, share: float) -> Colour:
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    return mix(colour, (8, 8, 18), share)
