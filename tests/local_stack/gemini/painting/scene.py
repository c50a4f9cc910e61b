"""What a prompt asks to see, and what becomes of a scene when somebody wishes it changed."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from tests.local_stack.gemini.painting.colours import NAMED, Colour
from tests.local_stack.gemini.vocabulary import (
    SEEN,
    any_colour,
    coloured_things,
    colours,
    split_wish,
    style,
    things,
)

Light = Literal["day", "sunset", "sunrise", "night", "overcast"]

ANIMALS = ("fox", "cat", "dog")
# Drawn on top: without them everything behind stays as it was.
SUBJECTS = (*ANIMALS, "boat", "house", "lighthouse", "balloon", "flower", "bird")
SKY = {"day", "sunset", "sunrise", "night", "aurora", "sun", "moon", "rain", "fog"}
OUTDOORS = set(SEEN) - {"abstract", "huge", "waves", "day"}


@dataclass(frozen=True)
class Scene:
    """`hidden` things shape the scene but are not drawn; `style` as `vocabulary.STYLES` has it."""

    seed: int
    light: Light
    features: frozenset[str]
    tints: tuple[Colour, ...]
    subject_colour: dict[str, Colour]
    hidden: frozenset[str] = frozenset()
    style: str | None = None

    def has(self, *names: str) -> bool:
        return not self.features.isdisjoint(names)

    def shows(self, *names: str) -> bool:
        return not (self.features - self.hidden).isdisjoint(names)


def read_scene(prompt: str, seed: int = 0) -> Scene:
    """`seed`: another one gives the same things in other places and colours."""
    words, gone = split_wish(prompt)
    found = _complete(things(words) - gone)
    number = _number(prompt, seed)
    return Scene(
        seed=number,
        light=_light(found, number),
        features=frozenset(found),
        tints=tuple(NAMED[name] for name in colours(words)),
        subject_colour={thing: NAMED[name] for thing, name in coloured_things(words).items()},
        hidden=frozenset(gone),
        style=style(words),
    )


def changed(scene: Scene, wish: str, seed: int = 0) -> Scene:
    """The scene as the wish wants it, everything else in its place.

    A wish that names nothing known ("another one") is the same scene from another seed.
    """
    words, gone = split_wish(wish)
    found = things(words)
    features = set(scene.features)
    if found & SKY:
        features -= SKY
    features = _complete(((features | found) - (gone - set(SUBJECTS))) or {"meadow"})
    owned = {thing: NAMED[name] for thing, name in coloured_things(words).items()}
    tints = tuple(NAMED[name] for name in colours(words) or any_colour(words, seed))
    hidden = (scene.hidden | gone) - found
    subject = next((name for name in SUBJECTS if name in features - hidden), None)
    if tints and not owned and subject:
        owned = {subject: tints[0]}
    new = replace(
        scene,
        light=_light(features, scene.seed) if found & SKY else scene.light,
        features=frozenset(features),
        tints=tints if tints and not owned else scene.tints,
        subject_colour=scene.subject_colour | owned,
        hidden=hidden,
        style=style(words) or scene.style,
    )
    return new if new != scene else replace(scene, seed=_number(str(scene.seed), seed or 1))


def _number(text: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed or ''}{text}".encode()).digest()[:8])


def _complete(found: set[str]) -> set[str]:
    """With what goes with it: a boat floats on water."""
    if not found & OUTDOORS:
        return found | {"abstract"}
    if found & {"boat", "waves", "beach"} and "abstract" not in found:
        found = found | {"water"}
    return found | {"water", "beach"} if "lighthouse" in found else found


def _light(found: set[str], seed: int) -> Light:
    for light in ("sunset", "sunrise", "night"):
        if light in found:
            return light
    if found & {"rain", "fog"}:
        return "overcast"
    if "moon" in found:
        return "night"
    if found & {*ANIMALS, "desert"} and not found & {"day", "sun"}:
        return ("day", "sunset", "sunrise")[seed % 3]
    return "day"
