"""What a prompt asks to see, found by its words (English, some German)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from tests.local_stack.gemini.painting.colours import NAMED, Colour

Light = Literal["day", "sunset", "sunrise", "night", "overcast"]

WORDS: dict[str, str] = {
    "sunset": r"sunset|dusk|sundown|evening|sonnenuntergang|abend\w*",
    "sunrise": r"sunrise|dawn|morning|sonnenaufgang|morgen\w*",
    "night": r"night|midnight|starry|stars?|galaxy|milky|aurora|nacht|sterne?n?\w*",
    "aurora": r"aurora|northern lights|polarlicht\w*",
    "sun": r"sun|sunny|sunlight|sonne",
    "moon": r"moon|moonlit|moonlight|crescent|mond\w*",
    "huge": r"huge|giant|enormous|big|riesig\w*",
    "water": r"sea|ocean|lake|water|river|bay|harbou?r|coast|pond|fjord|meer|see|fluss|wasser",
    "beach": r"beach|shore|strand|island",
    "waves": r"waves?|surf|wellen",
    "mountain": r"mountains?|alps?|peaks?|himalaya\w*|volcano|fjord|berge?n?|gebirge",
    "hill": r"hills?|valley|countryside|hügel|tal",
    "forest": r"forests?|woods?|woodland|trees?|pines?|jungle|wald|bäume?|baum",
    "snow": r"snow\w*|winter\w*|ice|icy|arctic|frozen|schnee\w*",
    "cloud": r"clouds?|cloudy|wolken?",
    "rain": r"rain\w*|storm\w*|wet|drizzle|regen\w*",
    "fog": r"fog\w*|mist\w*|haze|nebel",
    "city": r"city|skyline|town|skyscrapers?|buildings?|street|cyberpunk|neon|stadt",
    "desert": r"deserts?|dunes?|sahara|wüste",
    "boat": r"boats?|sailboats?|ships?|yacht|sail\w*|boot|schiff|segelboot",
    "house": r"house|cabin|cottage|hut|home|barn|haus|hütte",
    "lighthouse": r"lighthouse|leuchtturm",
    "bird": r"birds?|gulls?|seagulls?|geese|swans?|vögel|vogel|möwen?",
    "flower": r"flowers?|blossoms?|poppies|poppy|tulips?|roses?|daisies|wildflowers|blumen?",
    "meadow": r"meadow|field|fields|grass|garden|park|lawn|wiese|feld",
    "balloon": r"balloons?|heißluftballon\w*",
    "fox": r"fox|foxes|fuchs",
    "cat": r"cats?|kitten|katze",
    "abstract": r"abstract|pattern|geometric|nebula|wallpaper|swirl\w*|abstrakt\w*",
}
LAND = {"mountain", "hill", "forest", "city", "desert", "meadow", "flower", "beach", "house"}
GROUNDED = {"fox", "cat", "snow"}
OUTDOORS = (
    LAND
    | GROUNDED
    | {
        "sunset",
        "sunrise",
        "night",
        "aurora",
        "sun",
        "moon",
        "water",
        "cloud",
        "rain",
        "fog",
        "boat",
        "lighthouse",
        "bird",
        "balloon",
    }
)


@dataclass(frozen=True)
class Scene:
    seed: int
    light: Light
    features: frozenset[str]
    tints: tuple[Colour, ...]
    subject_colour: dict[str, Colour]

    def has(self, *names: str) -> bool:
        return not self.features.isdisjoint(names)


def read_scene(prompt: str) -> Scene:
    words = prompt.lower()
    found = {name for name, pattern in WORDS.items() if re.search(rf"\b(?:{pattern})\b", words)}
    if not found & OUTDOORS:
        found.add("abstract")
    if found & {"boat", "waves", "beach"} and "abstract" not in found:
        found.add("water")
    if "lighthouse" in found:
        found |= {"water", "beach"}
    seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8])
    return Scene(
        seed=seed,
        light=_light(found, seed),
        features=frozenset(found),
        tints=tuple(NAMED[word] for word in re.findall(r"\w+", words) if word in NAMED),
        subject_colour=_subject_colours(words),
    )


def _light(found: set[str], seed: int) -> Light:
    for light in ("sunset", "sunrise", "night"):
        if light in found:
            return light
    if found & {"rain", "fog"}:
        return "overcast"
    if "moon" in found:
        return "night"
    if found & {"fox", "cat", "desert"}:
        return ("day", "sunset", "sunrise")[seed % 3]
    return "day"


def _subject_colours(words: str) -> dict[str, Colour]:
    """The colour named at most one word before a subject: "a red fox", "a blue wooden boat"."""
    colours: dict[str, Colour] = {}
    for name, pattern in WORDS.items():
        match = re.search(
            rf"\b({'|'.join(NAMED)})(?:en|er|es|e)?\s+(?:\w+\s+)?(?:{pattern})\b", words
        )
        if match:
            colours[name] = NAMED[match.group(1)]
    return colours
