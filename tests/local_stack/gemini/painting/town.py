"""A skyline with lit windows, the wet street in front of it, and rain."""

from PIL import Image, ImageDraw, ImageFilter

from tests.local_stack.gemini.painting.canvas import Canvas, gradient, seeded
from tests.local_stack.gemini.painting.colours import Colour, darker, lighter, mix, under
from tests.local_stack.gemini.painting.palette import Palette
from tests.local_stack.gemini.painting.scene import Scene
from tests.local_stack.gemini.painting.water import mirrored, rippled

WALL: Colour = (58, 64, 86)
LAMPS: tuple[Colour, ...] = ((255, 214, 140), (255, 190, 110), (255, 232, 186), (190, 220, 255))
NEON: tuple[Colour, ...] = ((255, 70, 140), (60, 220, 230), (255, 170, 60), (150, 110, 255))


def paint_city(canvas: Canvas, scene: Scene, palette: Palette, foot: float) -> None:
    """Three rows of towers that end at the line `foot`."""
    dark = scene.light != "day"
    for depth, (low, high) in enumerate(((0.3, 0.66), (0.24, 0.52), (0.1, 0.32))):
        far = (0.62, 0.3, 0.0)[depth]
        wall = mix(under(palette.ambient, WALL), palette.haze, far)
        x = -canvas.unit * canvas.rng.uniform(0, 6)
        while x < canvas.width:
            wide = canvas.unit * canvas.rng.uniform(5, 11) * (0.7 + 0.35 * depth)
            middle = 1 - abs((x + wide / 2) / canvas.width - 0.5) * 1.1
            tall = foot * canvas.rng.uniform(low, high) * (0.5 + 0.6 * middle)
            _tower(canvas, (x, foot - tall, x + wide, foot), wall, far, dark)
            x += wide * canvas.rng.uniform(0.82, 1.2)
        ember = (canvas.width * canvas.rng.uniform(0.25, 0.75), foot)
        if dark and depth < 2:
            canvas.glow(ember, canvas.unit * 60, (255, 160, 96), 0.36)


def _tower(
    canvas: Canvas, box: tuple[float, float, float, float], wall: Colour, far: float, dark: bool
) -> None:
    left, top, right, foot = box
    rng, unit = canvas.rng, canvas.unit
    face: list[tuple[float, Colour]] = [
        (0.0, lighter(wall, 0.06)),
        (1.0, darker(wall, 0.3 * (1 - far))),
    ]
    canvas.fill([(left, top), (right, top), (right, foot), (left, foot)], face)
    side = right - (right - left) * rng.uniform(0.2, 0.36)
    edge = [(side, top), (right, top), (right, foot), (side, foot)]
    canvas.fill(edge, darker(wall, 0.35), 0.55)
    style = rng.random()
    middle = (left + right) / 2
    if style < 0.22:
        canvas.fill([(left, top), (middle, top - unit * 3.4), (right, top)], wall)
    elif style < 0.46:
        step = (right - left) * 0.22
        canvas.fill(
            [
                (left + step, top),
                (left + step, top - unit * 2.4),
                (right - step, top - unit * 2.4),
                (right - step, top),
            ],
            wall,
        )
    if style < 0.34:
        mast = unit * rng.uniform(4, 8)
        canvas.fill(
            [(middle - unit * 0.14, top), (middle, top - mast), (middle + unit * 0.14, top)], wall
        )
    _windows(canvas, box, far, dark)


def _windows(
    canvas: Canvas, box: tuple[float, float, float, float], far: float, dark: bool
) -> None:
    left, top, right, foot = box
    # Its own dice: lit windows need more throws, and the next tower stays where it is.
    rng, unit = seeded(canvas.rng.random()), canvas.unit
    pane = Image.new("RGBA", (max(1, round(right - left)), max(1, round(foot - top))), (0, 0, 0, 0))
    draw = ImageDraw.Draw(pane)
    across, down = unit * 1.05, unit * 1.5
    lit_share = (0.5 if dark else 0.1) * (1 - far * 0.4)
    tone = rng.choice(LAMPS)
    for row in range(int((foot - top) / down)):
        busy = rng.random()
        for column in range(int((right - left - unit) / across)):
            lit = rng.random() < lit_share * (0.5 + busy)
            x, y = unit * 0.6 + column * across, unit * 0.7 + row * down
            colour = rng.choice((tone, tone, *LAMPS)) if lit else (18, 24, 44)
            strength = round((235 if lit else 70) * (1 - far * 0.55) * rng.uniform(0.7, 1))
            draw.rectangle((x, y, x + across * 0.52, y + down * 0.55), (*colour, strength))
    canvas.image.paste(pane, (round(left), round(top)), pane)


def paint_street(canvas: Canvas, palette: Palette, foot: float) -> None:
    """Wet asphalt: the towers mirrored and smeared downward, with neon on top."""
    top = round(foot)
    size = (canvas.width, canvas.height - top)
    if size[1] < 4:
        return
    street = Canvas(mirrored(canvas, top, size), canvas.rng)
    smear = street.image.resize((size[0], max(2, size[1] // 14)), Image.Resampling.BOX)
    street.image = smear.resize(size, Image.Resampling.BICUBIC)
    asphalt = gradient(size, [(0, mix(palette.haze, (30, 34, 48), 0.5)), (1, (16, 19, 30))])
    street.image = Image.blend(street.image, asphalt, 0.4)
    for _ in range(9):
        x = canvas.width * canvas.rng.random()
        _smeared_lamp(street, x, canvas.rng.choice(NEON + LAMPS))
    street.image = rippled(street, 0.3)
    canvas.image.paste(street.image, (0, top))
    canvas.glow((canvas.width / 2, foot), canvas.unit * 50, (255, 190, 130), 0.28)


def _smeared_lamp(street: Canvas, x: float, colour: Colour) -> None:
    long = street.height * street.rng.uniform(0.4, 0.95)
    half = street.unit * street.rng.uniform(0.8, 1.9)
    mask = Canvas(Image.new("RGB", street.image.size), street.rng)
    mask.fill(
        [(x - half, 0), (x + half, 0), (x + half * 0.6, long), (x - half * 0.6, long)],
        [(0.0, (200,) * 3), (0.3, (120,) * 3), (1.0, (0, 0, 0))],
        blur=street.unit * 0.7,
    )
    street.image.paste(colour, (0, 0), mask.image.getchannel(0))


def paint_rain(canvas: Canvas, palette: Palette) -> None:
    """Slanted streaks in two sizes under a thin veil."""
    rng = canvas.rng
    canvas.image = Image.blend(canvas.image, Image.new("RGB", canvas.image.size, palette.haze), 0.1)
    slant = rng.uniform(-0.3, 0.3)
    for count, long, strength, thick in ((900, 5, 70, 1), (260, 11, 96, 2)):
        streaks = Image.new("L", canvas.image.size)
        draw = ImageDraw.Draw(streaks)
        for _ in range(count):
            x, y = (
                rng.random() * canvas.width * 1.2 - canvas.width * 0.1,
                rng.random() * canvas.height,
            )
            fall = canvas.unit * long * rng.uniform(0.5, 1.4)
            draw.line(
                (x, y, x + fall * slant, y + fall), rng.randint(strength // 2, strength), thick
            )
        streaks = streaks.filter(ImageFilter.GaussianBlur(0.8))
        canvas.image.paste(lighter(palette.haze, 0.55), (0, 0), streaks)
