"""A picture of somebody else's changed toward a prompt, and drafts of one not yet finished."""

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from tests.local_stack.gemini.painting.canvas import Canvas, gradient, seeded
from tests.local_stack.gemini.painting.colours import darker, lighter
from tests.local_stack.gemini.painting.finish import brush, finish, grain
from tests.local_stack.gemini.painting.painter import paint_scene, paint_subjects
from tests.local_stack.gemini.painting.palette import SKIES
from tests.local_stack.gemini.painting.scene import SKY, Scene, changed, read_scene
from tests.local_stack.gemini.painting.styles import stylise
from tests.local_stack.gemini.painting.town import paint_rain
from tests.local_stack.gemini.vocabulary import things


def edit(
    source: Image.Image, scene: Scene | None, wish: str, size: tuple[int, int], seed: int
) -> tuple[Image.Image, Scene | None]:
    """The source as the wish wants it, and its scene.

    Args:
        scene: what the source shows, where that is known: it is painted anew, then.
    """
    if scene is None or (scene.has("abstract") and things(wish) & SKY):
        return repaint(source, wish, size, seed), None
    new = changed(scene, wish, seed)
    return paint_scene(new, size, seed), new


def repaint(source: Image.Image, prompt: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """What the source shows, where and in which colours, with a brush; then what was wished.

    A light, a colour, weather, things to add and a style are understood.
    """
    scene = read_scene(prompt, seed)
    canvas = Canvas(extended(source, size), seeded(scene.seed))
    brush(canvas, 14000)
    if scene.has(*SKY, "snow"):
        canvas.image = _lit(canvas.image, scene)
    if scene.tints and not scene.subject_colour:
        tint = scene.tints[0]
        dark, light = darker(tint, 0.75), lighter(tint, 0.75)
        toned = ImageOps.colorize(ImageOps.grayscale(canvas.image), dark, light, mid=tint)
        canvas.image = Image.blend(canvas.image, toned, 0.7)
    palette = SKIES[scene.light][0]
    paint_subjects(canvas, scene, palette, canvas.height * 0.6)
    if scene.has("rain"):
        paint_rain(canvas, palette)
    finish(canvas)
    stylise(canvas, scene.style)
    grain(canvas, 2.0)
    return canvas.image


def extended(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole source in the middle; what it lacks at the sides goes on as its mirror, soft."""
    inner = ImageOps.contain(source, size, Image.Resampling.LANCZOS)
    missing = max(size[0] - inner.width, size[1] - inner.height)
    if missing <= max(size) // 8:
        return ImageOps.fit(source, size, Image.Resampling.LANCZOS)
    left, top = (size[0] - inner.width) // 2, (size[1] - inner.height) // 2
    mirrors = (ImageOps.mirror(inner), inner) if top == 0 else (ImageOps.flip(inner), inner)
    step = inner.width if top == 0 else inner.height
    room = Image.new("RGB", size)
    for turn in range(-(missing // step) - 1, missing // step + 2):
        at = (left + turn * step, 0) if top == 0 else (0, top + turn * step)
        room.paste(mirrors[(turn + 1) % 2], at)
    room = room.filter(ImageFilter.GaussianBlur(max(size) / 60))
    mask = Image.new("L", size)
    edge = max(2, max(size) // 40)
    inset = (left + edge, 0) if top == 0 else (0, top + edge)
    mask.paste(255, (*inset, size[0] - inset[0], size[1] - inset[1]))
    sharp = room.copy()
    sharp.paste(inner, (left, top))
    return Image.composite(sharp, room, mask.filter(ImageFilter.BoxBlur(edge / 2)))


def _lit(picture: Image.Image, scene: Scene) -> Image.Image:
    """In the light of an hour or a weather: its ambient colour everywhere, its sky from above."""
    palette = SKIES[scene.light][0]
    if scene.light == "day":
        bright = ImageEnhance.Brightness(ImageOps.autocontrast(picture, 1)).enhance(1.08)
        snow = Image.new("RGB", picture.size, (236, 242, 250))
        white = ImageOps.grayscale(picture).point(lambda v: min(220, v * 3 // 2))
        return Image.composite(snow, bright, white) if scene.has("snow") else bright
    sky = gradient(picture.size, palette.sky)
    dimmed = ImageChops.multiply(
        ImageOps.autocontrast(picture, 1), Image.new("RGB", picture.size, palette.ambient)
    )
    if scene.light == "night":
        return Image.blend(dimmed, sky, 0.3 if scene.has("fog") else 0.16)
    tinted = Image.blend(ImageChops.soft_light(dimmed, sky), picture, 0.25)
    return Image.blend(tinted, sky, 0.3 if scene.has("fog") else 0.12)


def draft(picture: Image.Image, step: int, steps: int) -> Image.Image:
    """Draft `step` (0-based) of `steps`: each later one shows twice the detail."""
    coarse = 2 ** min(6, 2 + steps - step)
    small = picture.resize(
        (max(2, picture.width // coarse), max(2, picture.height // coarse)), Image.Resampling.BOX
    )
    return small.resize(picture.size, Image.Resampling.BICUBIC)
