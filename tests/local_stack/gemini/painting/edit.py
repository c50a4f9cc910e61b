"""A given picture changed toward a prompt, and rough drafts of a picture not yet finished."""

from PIL import Image, ImageChops, ImageFilter, ImageOps

from tests.local_stack.gemini.painting.canvas import Canvas, seeded
from tests.local_stack.gemini.painting.colours import darker, lighter
from tests.local_stack.gemini.painting.finish import finish, grain
from tests.local_stack.gemini.painting.painter import paint
from tests.local_stack.gemini.painting.scene import read_scene


def repaint(source: Image.Image, prompt: str, size: tuple[int, int]) -> Image.Image:
    """Recoloured if the prompt names a colour, else bathed in the light of the prompt's scene."""
    scene = read_scene(prompt)
    base = ImageOps.fit(source.convert("RGB"), size, Image.Resampling.LANCZOS)
    if scene.tints:
        tint = scene.tints[0]
        dark, light = darker(tint, 0.75), lighter(tint, 0.75)
        toned = ImageOps.colorize(ImageOps.grayscale(base), dark, light, mid=tint)
        changed = Image.blend(base, toned, 0.7)
    else:
        scenery = paint(prompt, size).filter(ImageFilter.GaussianBlur(6))
        changed = Image.blend(ImageChops.soft_light(base, scenery), scenery, 0.25)
    canvas = Canvas(changed, seeded(scene.seed))
    finish(canvas)
    grain(canvas, 2.0)
    return canvas.image


def draft(picture: Image.Image, step: int, steps: int) -> Image.Image:
    """Draft `step` (0-based) of `steps`: each later one shows twice the detail."""
    coarse = 2 ** min(6, 2 + steps - step)
    small = picture.resize(
        (max(2, picture.width // coarse), max(2, picture.height // coarse)), Image.Resampling.BOX
    )
    return small.resize(picture.size, Image.Resampling.BICUBIC)
