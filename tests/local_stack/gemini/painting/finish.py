"""What turns flat shapes into a painting: strokes, a vignette, a little more colour, grain."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from tests.local_stack.gemini.painting.canvas import Canvas


def brush(canvas: Canvas, strokes: int = 9000, flat: bool = False) -> None:
    """Short strokes in the picture's own colours; `flat` ones lie level, others follow a flow."""
    rng = canvas.rng
    source = canvas.image.copy()
    layer = source.copy()
    draw = ImageDraw.Draw(layer)
    width, height, unit = canvas.width, canvas.height, canvas.unit
    phase = rng.random() * 6
    pixels = source.load()
    if pixels is None:
        return
    for _ in range(strokes):
        x, y = int(rng.random() * width), int(rng.random() * height)
        pixel = pixels[x, y]
        if not isinstance(pixel, tuple):
            continue
        jitter = rng.randint(-9, 9)
        angle = (
            0.0 if flat else 0.8 * math.sin(x / width * 4 + phase) + 0.5 * math.cos(y / height * 5)
        )
        long = unit * rng.uniform(0.3, 1.1)
        dx, dy = math.cos(angle) * long, math.sin(angle) * long * 0.6
        colour = (pixel[0] + jitter, pixel[1] + jitter, pixel[2] + jitter)
        draw.line(
            (x - dx, y - dy, x + dx, y + dy), colour, max(1, round(unit * rng.uniform(0.12, 0.34)))
        )
    canvas.image = Image.blend(source, layer, 0.5)


def bloom(canvas: Canvas, strength: float = 0.3) -> None:
    """Bright places shine into their surroundings, as in a lens."""
    width, height = canvas.image.size
    small = canvas.image.reduce(8)
    bright = small.point([max(0, v - 150) * 255 // 105 for v in range(256)] * 3)
    light = bright.filter(ImageFilter.GaussianBlur(3)).point(lambda v: round(v * strength))
    light = light.resize((width, height), Image.Resampling.BICUBIC)
    canvas.image = ImageChops.screen(canvas.image, light)


def finish(canvas: Canvas) -> None:
    bloom(canvas)
    canvas.image = ImageEnhance.Color(canvas.image).enhance(1.08)
    size = canvas.image.size
    edge = Image.radial_gradient("L").point([255 - max(0, v - 120) * 70 // 135 for v in range(256)])
    edge = edge.resize((round(size[0] * 1.3), round(size[1] * 1.3)), Image.Resampling.BILINEAR)
    left, top = (edge.width - size[0]) // 2, (edge.height - size[1]) // 2
    edge = edge.crop((left, top, left + size[0], top + size[1]))
    canvas.image = ImageChops.multiply(canvas.image, Image.merge("RGB", (edge,) * 3))


def grain(canvas: Canvas, depth: float) -> None:
    """Noise of about `depth` levels, each channel its own, as a sensor's.

    It is what makes files as large as real pictures'. Noise of one colour would do so too, but
    that is the kind an eye and an encoder see first.
    """
    lifts, drops = zip(*(_noise(canvas, depth) for _ in range(3)), strict=True)
    brighter = ImageChops.add(canvas.image, Image.merge("RGB", lifts))
    canvas.image = ImageChops.subtract(brighter, Image.merge("RGB", drops))


def _noise(canvas: Canvas, depth: float) -> tuple[Image.Image, Image.Image]:
    """What one channel gains and what it loses."""
    size = canvas.image.size
    noise = Image.frombytes("L", size, canvas.rng.randbytes(size[0] * size[1]))
    other = Image.frombytes("L", size, canvas.rng.randbytes(size[0] * size[1]))
    soft = Image.blend(noise, other, 0.5)
    around = [round((v - 128) * depth / 52) for v in range(256)]
    return soft.point([max(0, v) for v in around]), soft.point([max(0, -v) for v in around])
