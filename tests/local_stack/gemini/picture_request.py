"""Does this sentence ask for a picture, and of what?"""

import re

VERB = (
    r"paint|draw|sketch|illustrate|render|generate|create|make|design|imagine|visuali[sz]e|"
    r"male|zeichne|skizziere|erstelle|erzeuge|dessine|peins|crée|génère|dibuja|pinta|haz|crea|genera|"
    r"disegna|dipingi|desenha"
)
NOUN = (
    r"image|picture|photo(?:graph)?|painting|drawing|sketch|illustration|portrait|wallpaper|poster|"
    r"bild|foto|gemälde|zeichnung|skizze|tableau|dessin|imagen|dibujo|pintura|immagine|disegno|"
    r"imagem|woodcut|holzschnitt|gravure|grabado|watercolou?r|aquarell|aquarelle|acuarela|variant|"
    r"variation|version|variante"
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
POLITE = r"kannst|könntest|würdest|peux|pourrais|pouvez|pourriez|puedes|podrías|quiero|je voudrais"
INFINITIVE = r"malen|zeichnen|skizzieren|dessiner|peindre|dibujar(?:me)?|pintar(?:me)?"
ARABIC_VERB = "ارسم|أرسم|ترسم|ارسمي|صمم|أنشئ|انشئ"
# Talk about drawing that wants words, not a picture.
NOT_A_WISH = re.compile(
    r"\b(?:how (?:do|can|to|does|would|did)|why|what (?:is|do|does|did|was)|when did|who|"
    r"draw(?:ing)? (?:a )?(?:conclusions?|attention|lots|near)|paint(?:ed)? by|"
    r"don't (?:draw|paint)|tell me about|get the picture|big picture|wie (?:male|zeichne|kann)|"
    r"comment|cómo|como se|wer hat|warum)\b|どうやって|كيف"
)
WISHES = (
    re.compile(rf"^{LEAD}(?:{SURE_VERB})\b[\s-]+\S+"),
    re.compile(rf"\b(?:{VERB})\b(?:\s+{PRONOUN})?(?:\s+\w+){{0,4}}?\s+(?:{NOUN})(?:e?s|er|e?n)?\b"),
    re.compile(rf"^{LEAD}(?:show|zeig|zeige|montre|muestra)\s*-?(?:{PRONOUN})\s+{ARTICLE}\s+\S+"),
    re.compile(rf"^{LEAD}(?:{ARTICLE}\s+)?(?:\w+\s+){{0,3}}(?:{NOUN})(?:e?s|er|e?n)?\s+{OF}\s+\S+"),
    # "Kannst du mir eine Katze malen?", "peux-tu dessiner un chat"
    re.compile(rf"\b(?:{POLITE})\b.*\b(?:{INFINITIVE})\b"),
    re.compile(r"(?:描い|描け|描こ|絵を|画像を|イラストを|写真を作)"),
    re.compile(rf"\b(?:{ARABIC_VERB})\s+\S+|^\s*(?:صورة|لوحة)\s+\S+"),
    re.compile(rf"\b(?:please|you|bitte|du|then|and|now)\s+(?:{SURE_VERB})\b\s+\S+"),
)
PHRASES = (
    re.compile(
        rf"^.*?\b(?:{POLITE})\b(?:[- ](?:tu|du|vous|bitte|mir|uns|me|nous))*\s+"
        rf"(?:(?:{INFINITIVE})\s+)?|\s+(?:malen|zeichnen|skizzieren)\b(?=[\s?.!]*$)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:の(?:絵|画像|イラスト|写真))?(?:を)?(?:描いて|描け|描こう|作って|生成して)"
        r"(?:ください|下さい|くれ\w*|ほしい)?[。！!？?]*$"
    ),
    re.compile(
        rf"^.*?\b(?:{ARABIC_VERB})\s+(?:لي\s+)?(?:(?:صورة|لوحة)\s+(?:عن\s+)?)?|^\s*(?:صورة|لوحة)\s+"
    ),
    re.compile(
        rf"^{LEAD}(?:(?:{VERB}|show|zeig|zeige|give|gib|have|see|montre|muestra)\b\s*)?(?:{PRONOUN}\s+)?"
        rf"(?:{ARTICLE}\s+)?(?:\w+\s+){{0,3}}?(?:{NOUN})(?:e?s|er|e?n)?\s+{OF}\s+",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^{LEAD}(?:{VERB}|show|zeig|zeige|montre|muestra)\b[\s-]+(?:{PRONOUN}\s+)?", re.IGNORECASE
    ),
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
        rest = phrase.sub("", whole).strip()
        if rest and rest != whole:
            return rest.rstrip(" .!?") or rest
    return whole.rstrip(" .!?") or whole
