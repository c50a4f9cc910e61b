"""The arguments of `generate_image`: what, in which shape, how many, and which pictures change."""

import re
from collections.abc import Sequence
from typing import Any

from tests.local_stack.gemini.picture_request import picture_prompt
from tests.local_stack.gemini.vocabulary import expression, fold, pattern
from tests.local_stack.gemini.wire import Json

MOST = 4
_NUMBERS = (
    r"(?:a_)?(?:pair|couple)_of two zwei deux dos 二 2 ２ اثنتين صورتين",
    r"three drei trois tres some several a_few einige ein_paar plusieurs vari[oa]s 三 3 ثلاث",
    r"four vier quatre cuatro 四 4 اربع",
)
KINDS = (
    r"(?:variant|variation|version|option|alternative|picture|image|photo|painting|drawing|sketche|"
    r"watercolou?r|woodcut|linocut|poster|portrait|wallpaper|proposal|suggestion|design|time|"
    r"varianten?|versionen?|bilder|fotos?|gemalde|zeichnungen|skizzen|holzschnitte|aquarelle|mal|"
    r"gravure|dessin|fois|propuesta|imagene|dibujo|grabado|acuarela|vece|opcione|variacione|versione)"
    r"s?\b"
)
# "four of these" are as many of what is there.
_OF_THESE = [
    rf"{expression(words)}(?:\s+(?:more|mehr))?\s+"
    r"(?:of\s+(?:this|that|it|these|those|them)|davon|de (?:ca|cela|ceux-la|est[oa]s?))\b"
    for words in _NUMBERS
]
SEVERAL_OF_THESE = pattern("|".join(_OF_THESE))
_COUNTS = [
    pattern(
        rf"{expression(words)}(?:\s+\w+){{0,2}}?\s+(?:of\s+)?{KINDS}|{of_these}"
        rf"|{expression(words)}\s*(?:枚|つの|種類|パターン|案)"
        rf"|{expression(words)}\s+(?:صور|نسخ|لوحات)"
    )
    for words, of_these in zip(_NUMBERS, _OF_THESE, strict=True)
]
_RATIO = re.compile(r"(?<![\d:])(\d{1,2})\s?[:x×/]\s?(\d{1,2})(?![\d:])")
_SHAPES = {
    "21:9": "ultra-?wide cinemascope cinema_format",
    "16:9": r"wide widescreen landscape panoram\w* breit(?:e[nrs]?)? querformat horizontale? "
    r"paysage apaisad[oa] anch[oa] 横長 ワイド عريض افقي",
    "9:16": r"portrait phone tall vertical hochformat handy verticale? telephone movil 縦長 スマホ "
    r"طولي عمودي",
    "1:1": r"square quadratisch\w* quadrat carree? cuadrad[oa] 正方形 مربع",
}
_SHAPE_PATTERNS = [(ratio, pattern(expression(words))) for ratio, words in _SHAPES.items()]
_WIDER = pattern(r"\b(?:wider|breiter|plus large|mas anch[oa])\b|もっと(?:横長|広)|اعرض")
_TALLER = pattern(r"\b(?:taller|narrower|hoher|schmaler|plus haut|mas alt[oa])\b|もっと縦長|اطول")
# The number of a picture that is there: it says which, and not how many.
NUMBERED = pattern(
    r"(?:(?:\b(?:picture|image|photo|bild|foto|imagen)|絵|صورة)\s*#?|(?<!\w)#)(\d{1,3})\b"
)
# "one of them wider" is not the shape of all.
_ONE_OF = pattern(
    r"\b(?:(?:one|two) of (?:them|these)|ein(?:e[sr]?|s) davon|l'une? d'e\w+|un[oa] de el\w+)\b.*"
)
_STEP = 1.3


def call_arguments(
    text: str, declaration: Json, edit: Sequence[int] = (), like: float | None = None
) -> Json:
    """Only what the declaration has, and only what was asked for.

    Args:
        edit: numbers of the pictures that are changed or used.
        like: width by height of the last of them, where it is known.
    """
    prompt = text.strip() if edit else picture_prompt(text)
    arguments: Json = {"prompt": prompt or "an abstract painting"}
    properties = _properties(declaration)
    for name in ("aspect_ratio", "aspectRatio"):
        allowed = properties.get(name, {}).get("enum")
        if isinstance(allowed, list):
            ratio = asked_ratio(text, tuple(map(str, allowed)), like or 1.0 if edit else None)
            arguments |= {name: ratio} if ratio else {}
    if "count" in properties and (count := asked_count(text)) > 1:
        arguments["count"] = count
    if edit:
        arguments["edit"] = list(edit)
    return arguments


def can_edit(declaration: Json) -> bool:
    return "edit" in _properties(declaration)


def asked_count(text: str) -> int:
    """How many pictures: 1 unless a number stands before a word for pictures."""
    words = NUMBERED.sub(" ", fold(text))
    return next((i for i, known in enumerate(_COUNTS, 2) if known.search(words)), 1)


def asked_ratio(text: str, allowed: tuple[str, ...], like: float | None = None) -> str | None:
    """The first allowed ratio the words ask for.

    Args:
        like: width by height of what is to become wider or taller.
    """
    words = _ONE_OF.sub("", fold(text))
    by_width = sorted(allowed, key=width)
    if like is not None and _WIDER.search(words):
        return next((name for name in by_width if width(name) >= like * _STEP), None)
    if like is not None and _TALLER.search(words):
        return next((name for name in reversed(by_width) if width(name) <= like / _STEP), None)
    written = [f"{int(across)}:{int(down)}" for across, down in _RATIO.findall(words)]
    said = [ratio for ratio, known in _SHAPE_PATTERNS if known.search(words)]
    return next((ratio for ratio in (*written, *said) if ratio in allowed), None)


def width(ratio: str) -> float:
    across, _, down = ratio.partition(":")
    return int(across) / int(down)


def _properties(declaration: Json) -> dict[str, Any]:
    schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: field for name, field in properties.items() if isinstance(field, dict)}
