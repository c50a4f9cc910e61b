"""One picture per prompt: read the words, choose the light, paint from the back to the front."""

from PIL import Image

from tests.local_stack.gemini.painting.abstract import paint_abstract
from tests.local_stack.gemini.painting.animals import paint_birds, paint_cat, paint_fox
from tests.local_stack.gemini.painting.canvas import Canvas, Point, seeded
from tests.local_stack.gemini.painting.craft import (
    paint_balloons,
    paint_boat,
    paint_house,
    paint_lighthouse,
)
from tests.local_stack.gemini.painting.finish import brush, finish, grain
from tests.local_stack.gemini.painting.land import (
    SAND,
    ground_colour,
    paint_dunes,
    paint_hills,
)
from tests.local_stack.gemini.painting.meadow import paint_flowers, paint_grass
from tests.local_stack.gemini.painting.mountains import paint_mountains
from tests.local_stack.gemini.painting.palette import Palette, choose_palette
from tests.local_stack.gemini.painting.scene import Scene, read_scene
from tests.local_stack.gemini.painting.sky import paint_sky
from tests.local_stack.gemini.painting.town import paint_city, paint_rain, paint_street
from tests.local_stack.gemini.painting.water import paint_beach, paint_water
from tests.local_stack.gemini.painting.woods import paint_woods


def paint(prompt: str, size: tuple[int, int], grain_depth: float = 2.0) -> Image.Image:
    """An RGB picture of that size in pixels; the same prompt and size give the same pixels."""
    scene = read_scene(prompt)
    rng = seeded(scene.seed)
    canvas = Canvas(Image.new("RGB", size), rng)
    if scene.has("abstract"):
        paint_abstract(canvas, scene)
    else:
        _landscape(canvas, scene, choose_palette(scene, rng))
    finish(canvas)
    grain(canvas, grain_depth)
    return canvas.image


def _landscape(canvas: Canvas, scene: Scene, palette: Palette) -> None:
    horizon = canvas.height * _horizon(scene)
    lamp = paint_sky(canvas, scene, palette, horizon)
    _background(canvas, scene, palette, horizon)
    if scene.has("water"):
        _waterside(canvas, scene, palette, horizon, lamp)
    else:
        _ground(canvas, scene, palette, horizon)
    brush(canvas)
    _foreground(canvas, scene, palette, horizon)


def _horizon(scene: Scene) -> float:
    if scene.has("city"):
        return 0.74
    if scene.has("fox", "cat"):
        return 0.6
    if scene.has("meadow", "flower"):
        return 0.46
    if scene.has("water"):
        return 0.58
    return 0.66


def _background(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    if scene.has("mountain"):
        paint_mountains(canvas, scene, palette, horizon + 2)
    if scene.has("city"):
        paint_city(canvas, scene, palette, horizon + 1)
    if scene.has("balloon"):
        paint_balloons(canvas, scene, palette, horizon)


def _waterside(canvas: Canvas, scene: Scene, palette: Palette, horizon: float, lamp: Point) -> None:
    if scene.has("forest", "hill", "house"):
        far = canvas.unit * 4
        paint_hills(canvas, scene, palette, horizon - far, horizon + 1)
        if scene.has("forest"):
            paint_woods(canvas, scene, palette, horizon - far * 0.6, horizon + far * 0.3)
    if scene.has("house"):
        paint_house(canvas, scene, palette, horizon)
    paint_water(canvas, scene, palette, horizon, lamp)
    if scene.has("beach") and not scene.has("lighthouse"):
        paint_beach(canvas, palette, SAND)


def _ground(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    if scene.has("city"):
        paint_street(canvas, palette, horizon)
        return
    if scene.has("desert"):
        paint_dunes(canvas, scene, palette, horizon)
        return
    paint_hills(canvas, scene, palette, horizon, canvas.height)
    if scene.has("forest") or (scene.has("fox") and not scene.has("meadow")):
        paint_woods(canvas, scene, palette, horizon, canvas.height)
    if scene.has("meadow", "flower", "fox", "cat", "hill") and not scene.has("snow"):
        back = horizon + (canvas.height - horizon) * (0.5 if scene.has("forest", "fox") else 0.2)
        paint_grass(canvas, palette, back, ground_colour(scene))


def _foreground(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    if scene.has("boat"):
        paint_boat(canvas, scene, palette, horizon)
    if scene.has("lighthouse"):
        paint_lighthouse(canvas, palette, horizon, scene.light != "day")
    if scene.has("house") and not scene.has("water"):
        paint_house(canvas, scene, palette, horizon + (canvas.height - horizon) * 0.34)
    if scene.has("flower"):
        paint_flowers(canvas, scene, palette, horizon + (canvas.height - horizon) * 0.16)
    if scene.has("fox"):
        paint_fox(canvas, scene, palette)
    elif scene.has("cat"):
        paint_cat(canvas, scene, palette)
    if scene.has("bird") or (scene.light in ("sunset", "sunrise") and canvas.rng.random() < 0.5):
        paint_birds(canvas, palette, horizon)
    if scene.has("rain"):
        paint_rain(canvas, palette)
