"""Does this sentence ask for a picture, and of what?"""

import re
from typing import Any

from tests.local_stack.gemini.wire import Json

VERB = (
    r"paint|draw|sketch|illustrate|render|generate|create|make|design|imagine|visuali[sz]e|"
    r"male|zeichne|skizziere|erstelle|erzeuge|dessine|peins|dibuja|pinta|disegna|dipingi|desenha"
)
NOUN = (
    r"image|picture|photo(?:graph)?|painting|drawing|sketch|illustration|portrait|wallpaper|poster|"
    r"bild|foto|gemälde|zeichnung|skizze|tableau|dessin|imagen|dibujo|immagine|disegno|imagem"
)
# Verbs that ask for a picture by themselves; "make" or "create" need a noun as well.
SURE_VERB = (
    r"paint|draw|sketch|illustrate|render|visuali[sz]e|male?|zeichne|skizziere|dessine|peins|dibuja|"
    r"pinta|disegna|dipingi|desenha"
)
ARTICLE = r"(?:an?|the|some|one|ein(?:e|en|em|er)?|das|un|una|une|um|uma)"
LEAD = (
    r"(?:(?:hi|hello|hey|please|bitte|now|then|ok(?:ay)?|and|so)[,!]?\s+)*"
    r"(?:(?:can|could|would|will|kannst|könntest)\s+(?:you|du)\s+(?:please\s+|bitte\s+)?)?"
    r"(?:i(?:'d| would)\s+(?:like|love)\s+(?:you\s+to\s+)?|i\s+want\s+(?:you\s+to\s+)?|let's\s+)?"
)
PRONOUN = r"(?:me|us|mir|uns|moi|mi|me)"
OF = r"(?:of|with|showing|about|von|mit|über|vom|de|di|d')"
# Talk about drawing that wants words, not a picture.
NOT_A_WISH = re.compile(
    r"\b(?:how (?:do|can|to|does|would|did)|why|what (?:is|does|did|was)|when did|who|"
    r"draw(?:ing)? (?:a )?(?:conclusions?|attention|lots|near)|paint(?:ed)? by|"
    r"don't (?:draw|paint)|tell me about|get the picture|big picture)\b"
)
WISHES = (
    re.compile(rf"^{LEAD}(?:{SURE_VERB})\b[\s-]+\S+"),
    re.compile(rf"\b(?:{VERB})\b(?:\s+{PRONOUN})?(?:\s+\w+){{0,4}}?\s+(?:{NOUN})\b"),
    re.compile(rf"^{LEAD}(?:show|zeig|zeige|montre|muestra)\s*-?(?:{PRONOUN})\s+{ARTICLE}\s+\S+"),
    re.compile(rf"^{LEAD}(?:{ARTICLE}\s+)?(?:\w+\s+){{0,3}}(?:{NOUN})\s+{OF}\s+\S+"),
    re.compile(rf"\b(?:please|you|bitte|du|then|and|now)\s+(?:{SURE_VERB})\b\s+\S+"),
)
PHRASES = (
    re.compile(
        rf"^{LEAD}(?:(?:{VERB}|show|zeig|zeige|give|gib|have|see|montre|muestra)\b\s*)?(?:{PRONOUN}\s+)?"
        rf"(?:{ARTICLE}\s+)?(?:\w+\s+){{0,3}}?(?:{NOUN})\s+{OF}\s+",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{LEAD}(?:{VERB}|show|zeig|zeige|montre|muestra)\b[\s-]+(?:{PRONOUN}\s+)?", re.IGNORECASE
    ),
)
ASPECTS = (
    ("16:9", re.compile(r"\b(?:wide(?:screen)?|landscape|panoram\w*|breit\w*|querformat)\b")),
    ("9:16", re.compile(r"\b(?:portrait|phone|tall|vertical|hochformat|handy)\b")),
)


def wants_picture(text: str) -> bool:
    return any(_is_wish(sentence) for sentence in _sentences(text))


def _is_wish(sentence: str) -> bool:
    words = sentence.lower()
    return not NOT_A_WISH.search(words) and any(wish.search(words) for wish in WISHES)


def _sentences(text: str) -> list[str]:
    return [found for found in re.split(r"(?<=[.!?])\s+", text.strip()) if found]


def picture_prompt(text: str) -> str:
    """The request without its "please draw me a picture of"; never empty for a non-empty text."""
    sentences = _sentences(text)
    first = next((i for i, sentence in enumerate(sentences) if _is_wish(sentence)), 0)
    whole = " ".join(sentences[first:])
    for phrase in PHRASES:
        rest = phrase.sub("", whole, count=1).strip()
        if rest and rest != whole:
            return rest.rstrip(" .!?") or rest
    return whole.rstrip(" .!?") or whole


def call_arguments(text: str, declaration: Json) -> Json:
    """The arguments of `generate_image`; an aspect ratio only if asked for and declared."""
    arguments: Json = {"prompt": picture_prompt(text) or "an abstract painting"}
    for name, allowed in _declared_ratios(declaration).items():
        fitting = (
            ratio for ratio, words in ASPECTS if ratio in allowed and words.search(text.lower())
        )
        ratio = next(fitting, None)
        if ratio is not None:
            arguments[name] = ratio
    return arguments


def _declared_ratios(declaration: Json) -> dict[str, list[Any]]:
    """The values allowed for the aspect ratio, by the name the declaration gives it."""
    schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    found: dict[str, list[Any]] = {}
    for name in ("aspect_ratio", "aspectRatio"):
        field = properties.get(name) if isinstance(properties, dict) else None
        allowed = field.get("enum") if isinstance(field, dict) else None
        if isinstance(allowed, list):
            found[name] = allowed
    return found
