"""A finished picture as somebody with other tools would have made it."""

from PIL import Image, ImageChops, ImageFilter, ImageOps

from tests.local_stack.gemini.painting.canvas import Canvas, cloudy, contrast, relief, textured
from tests.local_stack.gemini.painting.colours import Colour

INK: Colour = (34, 26, 24)
PAPER: Colour = (243, 232, 208)
GRAPHITE: Colour = (58, 58, 64)
SHEET: Colour = (248, 246, 240)


def stylise(canvas: Canvas, style: str | None) -> None:
    """In place; None leaves the picture as it is."""
    if style == "woodcut":
        canvas.image = _woodcut(canvas)
    elif style == "sketch":
        canvas.image = _sketch(canvas)
    elif style == "watercolour":
        canvas.image = _watercolour(canvas)
    elif style == "pixels":
        canvas.image = _pixels(canvas)
    elif style == "mono":
        canvas.image = ImageOps.autocontrast(ImageOps.grayscale(canvas.image), 1).convert("RGB")


def _woodcut(canvas: Canvas) -> Image.Image:
    """Lines that swell where it is dark, and a clean edge around every shape."""
    large = (canvas.width * 2, canvas.height * 2)
    soft = ImageOps.grayscale(canvas.image).filter(ImageFilter.GaussianBlur(canvas.unit * 0.12))
    tones = ImageOps.autocontrast(soft, 2)
    tones = ImageChops.blend(tones, ImageOps.equalize(tones), 0.45).resize(large)
    cuts = _hatching(large, max(6, round(canvas.unit * 1.1)), 14, canvas)
    print_ = ImageChops.add(tones, cuts, 2).point(contrast(120, 136))
    edges = _edges(soft, canvas.unit * 0.3).resize(large)
    return ImageOps.colorize(ImageChops.multiply(print_, edges).reduce(2), INK, PAPER)


def _hatching(size: tuple[int, int], period: int, angle: float, canvas: Canvas) -> Image.Image:
    """ "L": parallel waves between dark and light, a little unsteady, as a hand cuts them."""
    half = period // 2
    wave = [round(235 * min(row, period - row) / half) + 10 for row in range(period)]
    side = size[0] + size[1]
    column = bytes(wave * (side // period + 1))[:side]
    lines = Image.frombytes("L", (1, side), column).resize((side, side))
    lines = lines.rotate(angle, Image.Resampling.BILINEAR)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    lines = lines.crop((left, top, left + size[0], top + size[1]))
    unsteady = cloudy(size, canvas.rng, 12, 24, 3).point(lambda v: 96 + v // 4)
    return ImageChops.add(lines, unsteady, 1, -128)


def _edges(tones: Image.Image, width: float) -> Image.Image:
    """ "L": dark lines where light meets dark, else white."""
    around = tones.filter(ImageFilter.GaussianBlur(max(1.0, width * 2)))
    return ImageChops.subtract(tones, around, 0.12, 262).point(contrast(90, 190))


def _sketch(canvas: Canvas) -> Image.Image:
    tones = ImageOps.autocontrast(ImageOps.grayscale(canvas.image), 1)
    around = tones.filter(ImageFilter.GaussianBlur(max(1.5, canvas.unit * 0.5)))
    lines = ImageChops.subtract(tones, around, 0.16, 244)
    strokes = _hatching(tones.size, max(4, round(canvas.unit * 0.45)), 52, canvas)
    shade = ImageChops.add(tones.point(lambda v: 30 + v * 3 // 4), strokes, 1.25, 46)
    sheet = ImageChops.multiply(lines, shade)
    return textured(ImageOps.colorize(sheet, GRAPHITE, SHEET), _paper(canvas))


def _watercolour(canvas: Canvas) -> Image.Image:
    """Flat washes with dark rims on rough paper that shows through."""
    small = canvas.image.reduce(2).filter(ImageFilter.MedianFilter(7))
    wash = small.resize(canvas.image.size, Image.Resampling.BICUBIC)
    rims = ImageOps.invert(ImageOps.grayscale(wash.filter(ImageFilter.FIND_EDGES)))
    wash = ImageChops.multiply(wash, Image.merge("RGB", (rims,) * 3))
    thin = cloudy(wash.size, canvas.rng, 4, 4, 6).point(lambda v: max(0, v - 70) // 2)
    wash = Image.composite(Image.new("RGB", wash.size, SHEET), wash, thin)
    return textured(wash, _paper(canvas))


def _paper(canvas: Canvas) -> Image.Image:
    return relief(cloudy(canvas.image.size, canvas.rng, 90, 90, 2), 1, 0.35)


def _pixels(canvas: Canvas) -> Image.Image:
    side = max(4, round(canvas.unit * 1.5))
    grid = (max(8, canvas.width // side), max(8, canvas.height // side))
    small = canvas.image.resize(grid, Image.Resampling.BOX).quantize(24).convert("RGB")
    return small.resize(canvas.image.size, Image.Resampling.NEAREST)
