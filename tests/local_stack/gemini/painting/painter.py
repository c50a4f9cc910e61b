"""One picture per prompt: read the words, choose the light, paint from the back to the front."""

from PIL import Image

from tests.local_stack.gemini.painting.abstract import paint_abstract
from tests.local_stack.gemini.painting.animals import paint_animals, paint_birds
from tests.local_stack.gemini.painting.canvas import Canvas, Point, seeded
from tests.local_stack.gemini.painting.craft import (
    paint_balloons,
    paint_boat,
    paint_house,
    paint_lighthouse,
)
from tests.local_stack.gemini.painting.finish import brush, finish, grain
from tests.local_stack.gemini.painting.land import SAND, ground_colour, paint_dunes, paint_hills
from tests.local_stack.gemini.painting.mountains import paint_mountains
from tests.local_stack.gemini.painting.palette import Palette, choose_palette
from tests.local_stack.gemini.painting.plants import paint_flowers, paint_grass, paint_woods
from tests.local_stack.gemini.painting.scene import ANIMALS, Scene, read_scene
from tests.local_stack.gemini.painting.sky import paint_sky
from tests.local_stack.gemini.painting.styles import stylise
from tests.local_stack.gemini.painting.town import paint_city, paint_rain, paint_street
from tests.local_stack.gemini.painting.water import paint_beach, paint_water


def paint(prompt: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """An RGB picture of that size in pixels; the same prompt, size and seed give the same."""
    return paint_scene(read_scene(prompt, seed), size)


def paint_scene(scene: Scene, size: tuple[int, int], touch: int = 0) -> Image.Image:
    """`touch`: another hand. The strokes differ, and nothing stands elsewhere."""
    canvas = Canvas(Image.new("RGB", size), seeded(scene.seed))
    if scene.has("abstract"):
        paint_abstract(canvas, scene)
    else:
        palette = choose_palette(scene, seeded(f"palette {scene.seed}"))
        horizon = canvas.height * _horizon(scene)
        _landscape(canvas, scene, palette, horizon)
        canvas.rng = seeded(f"brush {scene.seed} {touch}")
        brush(canvas)
        paint_subjects(canvas, scene, palette, horizon)
        _weather(canvas, scene, palette, horizon)
    finish(canvas)
    stylise(canvas, scene.style)
    canvas.rng = seeded(f"grain {scene.seed} {touch}")
    grain(canvas, 2.0)
    return canvas.image


def _landscape(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    _turn_to(canvas, scene, "sky")
    lamp = paint_sky(canvas, scene, palette, horizon)
    _background(canvas, scene, palette, horizon)
    _turn_to(canvas, scene, "ground")
    if scene.has("water"):
        _waterside(canvas, scene, palette, horizon, lamp)
    else:
        _ground(canvas, scene, palette, horizon)


def _turn_to(canvas: Canvas, scene: Scene, what: str) -> None:
    """Each thing has dice of its own, so that one that changes moves no other."""
    canvas.rng = seeded(f"{what} {scene.seed}")


def _horizon(scene: Scene) -> float:
    if scene.has("city"):
        return 0.74
    if scene.has(*ANIMALS):
        return 0.6
    if scene.has("meadow", "flower"):
        return 0.46
    if scene.has("water"):
        return 0.58
    return 0.66


def _background(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    if scene.has("mountain"):
        _turn_to(canvas, scene, "mountain")
        paint_mountains(canvas, scene, palette, horizon + 2)
    if scene.has("city"):
        _turn_to(canvas, scene, "city")
        paint_city(canvas, scene, palette, horizon + 1)


def _waterside(canvas: Canvas, scene: Scene, palette: Palette, horizon: float, lamp: Point) -> None:
    if scene.has("forest", "hill", "house"):
        far = canvas.unit * 4
        paint_hills(canvas, scene, palette, horizon - far, horizon + 1)
        if scene.has("forest"):
            paint_woods(canvas, scene, palette, horizon - far * 0.6, horizon + far * 0.3)
    if scene.shows("house"):
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
    if scene.has("meadow", "flower", *ANIMALS, "hill") and not scene.has("snow"):
        back = horizon + (canvas.height - horizon) * (0.5 if scene.has("forest", "fox") else 0.2)
        paint_grass(canvas, palette, back, ground_colour(scene))


def paint_subjects(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    """Everything that stands in front of the landscape, on any picture of that horizon."""
    near = canvas.height - horizon
    if scene.shows("balloon"):
        _turn_to(canvas, scene, "balloon")
        paint_balloons(canvas, scene, palette, horizon)
    if scene.shows("boat"):
        _turn_to(canvas, scene, "boat")
        paint_boat(canvas, scene, palette, horizon)
    if scene.shows("lighthouse"):
        _turn_to(canvas, scene, "lighthouse")
        paint_lighthouse(canvas, palette, horizon, scene.light != "day")
    if scene.shows("house") and not scene.has("water"):
        _turn_to(canvas, scene, "house")
        paint_house(canvas, scene, palette, horizon + near * 0.34)
    if scene.shows("flower"):
        _turn_to(canvas, scene, "flower")
        paint_flowers(canvas, scene, palette, horizon + near * 0.16)
    _turn_to(canvas, scene, "animals")
    paint_animals(canvas, scene, palette)


def _weather(canvas: Canvas, scene: Scene, palette: Palette, horizon: float) -> None:
    _turn_to(canvas, scene, "birds")
    at_dusk = scene.light in ("sunset", "sunrise") and canvas.rng.random() < 0.5
    if scene.shows("bird") or (at_dusk and "bird" not in scene.hidden):
        paint_birds(canvas, palette, horizon)
    if scene.has("rain"):
        paint_rain(canvas, palette)
