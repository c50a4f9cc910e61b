"""Which scene a picture shows that was painted here, whatever became of its file since."""

import threading
from collections import OrderedDict

from PIL import Image

from tests.local_stack.gemini.painting.colours import NAMED, Colour
from tests.local_stack.gemini.painting.scene import SKY, Scene

KEPT = 500
SIDE = 12
# Mean difference of the small squares, in levels: another encoding or size makes less than 1.
ALIKE = 4.0
HOURS = {
    "sunset": "at sunset",
    "sunrise": "at sunrise",
    "night": "at night",
    "overcast": "under a grey sky",
}


class Album:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scenes: OrderedDict[bytes, Scene] = OrderedDict()

    def remember(self, picture: Image.Image, scene: Scene) -> None:
        with self._lock:
            self._scenes[_small(picture)] = scene
            while len(self._scenes) > KEPT:
                self._scenes.popitem(last=False)

    def recall(self, picture: Image.Image) -> Scene | None:
        """None for a picture that is not from here, or long gone."""
        with self._lock:
            known = list(self._scenes.items())
        small = _small(picture)
        distances = [(_distance(small, key), index) for index, (key, _) in enumerate(known)]
        best, index = min(distances, default=(ALIKE, -1))
        return known[index][1] if best < ALIKE else None

    def describe(self, picture: Image.Image) -> str:
        """What is to be seen, in a sentence."""
        scene = self.recall(picture)
        if scene is None:
            return _looks(picture)
        shown = sorted(scene.features - scene.hidden - SKY - {"huge"}) or ["landscape"]
        style = f", as a {scene.style}" if scene.style else ""
        hour = f" {HOURS[scene.light]}" if scene.light in HOURS else ""
        return f"This is one of my own pictures: {', '.join(shown)}{hour}{style}."


def _small(picture: Image.Image) -> bytes:
    return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()


def _distance(first: bytes, second: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


def _looks(picture: Image.Image) -> str:
    """Shape and colours, all that can be said of a stranger's picture."""
    shape = picture.width / picture.height
    kind = "wide" if shape > 1.15 else "tall" if shape < 0.87 else "square"
    small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX).quantize(4).convert("RGB")
    counted = sorted(small.getcolors() or [], key=lambda item: -item[0])
    names = list(dict.fromkeys(_name(colour) for _, colour in counted))
    return f"I see a {kind} picture, mostly {' and '.join(names[:2])}."


def _name(colour: object) -> str:
    def away(named: Colour) -> int:
        return sum((a - b) ** 2 for a, b in zip(named, rgb, strict=True))

    rgb: tuple[int, ...] = colour if isinstance(colour, tuple) else (0, 0, 0)
    return min(NAMED, key=lambda name: away(NAMED[name]))
