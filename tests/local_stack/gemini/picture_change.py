"""Does this sentence ask to change a picture of the conversation, or what is on it; and which."""

import re
from collections.abc import Sequence

from tests.local_stack.gemini.picture_call import KINDS, NUMBERED, SEVERAL_OF_THESE
from tests.local_stack.gemini.picture_request import NOT_A_WISH, wants_picture
from tests.local_stack.gemini.vocabulary import (
    OTHER_COLOUR,
    colours,
    expression,
    fold,
    pattern,
    split_wish,
    style,
    things,
)

_VERBS = expression(
    r"make turn change paint draw render put add give recolou?r colou?r redo repaint repeat extend "
    r"mach\w* verwandle setz\w* fug\w* andere male zeichne nimm mets fais rends ajoute transforme "
    r"peins dessine haz\w* pon\w* cambia\w* anade convierte pinta\w* dibuja\w*"
)
_IT = (
    r"(?:it|this|that|these|those|them|the (?:same|picture|image|photo|background)|es|"
    r"das (?:bild|foto)|daraus|dieses?|den hintergrund|l[ae]|cela|ca|lo|esto|la (?:imagen|foto))"
)
_POSITIONS = (
    r"first erste[nrs]? premiere? primer[oa]? 最初 一つ目 1枚目 اول اولي",
    r"second zweite[nrs]? deuxieme segund[oa] 二つ目 2枚目 ثاني ثانية",
    r"third dritte[nrs]? troisieme tercer[oa]? 三つ目 3枚目 ثالث ثالثة",
    r"fourth vierte[nrs]? quatrieme cuart[oa] 四つ目 4枚目 رابع رابعة",
)
_LAST = r"last letzte[nrs]? dernier dernieres? ultim[oa] 最後 اخير اخيرة"
_PLACES = [pattern(expression(words)) for words in (*_POSITIONS, _LAST)]
_ALL = pattern(r"\b(?:both|all of them|beide|alle|les deux|toutes|ambas|todas)\b")
_ONCE_MORE = r"(?:again|once more|noch\s?mal|nochmals|encore|otra vez)"
_AGAIN = pattern(
    r"\b(?:another one|more (?:of|like)|variants?|variations?|noch eins|varianten?|encore une?|"
    r"otra(?! vez)|variantes?|variaciones)\b|もう一|اخري"
    rf"|^(?:(?:please|bitte|and|und|et|y|once)\s+)*{_ONCE_MORE}\b"
    rf"|\b(?:(?:do|try)(?: it| this| that)?|the same|dasselbe|lo mismo) {_ONCE_MORE}\b"
)
# What is said before a wish, or in place of one.
_GREETING = pattern(
    r"^(?:(?:and|und|et|y) )?(?:hi|hello|hey|hallo|hola|salut|bonjour|bonsoir|"
    r"thanks?(?: you)?|danke|merci|gracias|"
    r"(?:good|guten?|bonne|buen[oa]s) (?:morning|day|evening|night|morgen|tag|abend|nacht|journee|"
    r"soiree|nuit|dias|tardes|noches)|ok(?:ay)?|yes|wow)\b"
    rf"(?:\s+(?:there|so much|very much|{_ONCE_MORE}))*[\s,.!]*"
)
_REMARK = pattern(
    r"^(?:(?:so|very|how) )?(?:nice|great|lovely|beautiful|pretty|cool|wonderful|schon\w*|super|"
    r"beau|belle|jolie?|bonit[oa]|lind[oa]|what an?|my|never|see you|say|tell)\b|"
    r"^i (?:like|love|have|had|was|am|live|see|saw|know)\b|\b(?:is|was|are|were)\b"
)
_MORE = pattern(
    r"\b(?:wider|taller|narrower|darker|brighter|lighter|breiter|hoher|dunkler|heller|"
    r"plus (?:large|clair|sombre|haut)|mas (?:anch|oscur|clar|alt)[oa])\b|"
    r"もっと|横長|縦長|اعرض|اغمق"
)
_CHANGE = pattern(
    rf"{_VERBS}(?:\W+\w+)?\W*\b{_IT}\b|にして|に変え|を足して|を加え|اجعل|حول|اضف|غير"
)
_OF_IT = pattern(
    rf"{_VERBS}\s+(?:me\s+)?(?:it|this|that|them|these|the same)\b"
    rf"|{KINDS}\s+(?:of|from|von|de)\s+(?:it|this|that|them|these)\b|{KINDS}\s+(?:davon|daraus)\b"
)
_BEGINS = pattern(rf"^(?:please\s+|bitte\s+)?{_VERBS}")
_JOINED = pattern(
    r"^(?:now|but|and|or|jetzt|und|aber|maintenant|et|mais|ahora|y|pero)\b|^(?:今度は|الان|والان)"
)
_SHORT = 8  # words
_WHAT = pattern(
    r"\bwhat (?:do|can) you see\b|"
    r"\bwhat(?:'s| is| are| do you see| can you see)\b.*\b(?:this|that|it|these|see|picture|image|"
    r"photo|here)\b|\bwho is (?:this|that)\b|\bwas (?:ist das|siehst du|ist (?:hier|auf))|"
    r"\b(?:describe|beschreib|decri)\w*|\bqu'?est-ce que|\bque (?:es esto|ves|hay)|"
    r"何(?:です|が|でしょう|[?？])|説明して|ما (?:هذا|هذه)|ماذا تري|^صف "
)


_NO_WORDS = re.compile(r"\W*|\([^()]*\)")  # or a remark in their place


def wants_change(text: str) -> bool:
    """Of a picture that is there; "paint a fox" wants a new one."""
    words = fold(text)
    if NOT_A_WISH.search(words):
        return False
    if wants_picture(text):
        return bool(_OF_IT.search(words) or SEVERAL_OF_THESE.search(words))
    while words != (rest := _GREETING.sub("", words)):
        text = words = rest
    known = bool(things(text) or colours(text) or style(text) or split_wish(text)[1]) or bool(
        OTHER_COLOUR.search(words)
    )
    if _CHANGE.search(words) or _OF_IT.search(words) or split_wish(text)[1]:
        return True
    if known and _BEGINS.search(words) and any(place.search(words) for place in _PLACES):
        return True  # "put the dog of the first into the last one"
    if _REMARK.search(words):
        return False
    is_short = len(words.split()) <= _SHORT and not words.endswith("?")
    means = known or any(way.search(words) for way in (_MORE, _AGAIN, SEVERAL_OF_THESE))
    return bool(means and (is_short or _JOINED.search(words)))


def wants_description(text: str, came_along: bool = False) -> bool:
    """Args: came_along: whether there are pictures with it, which need no words."""
    return bool(_WHAT.search(fold(text)) or (came_along and _NO_WORDS.fullmatch(text)))


def chosen(
    text: str, numbers: Sequence[int], here: Sequence[int], together: Sequence[int] = ()
) -> list[int]:
    """The numbers a wish is about, in the order in which it names them.

    Args:
        numbers: of all pictures, oldest first; at least one.
        here: of those that came with the wish itself.
        together: of those that were painted last; of several, "the second one" is one of them.
    """
    words = fold(text)
    named = [number for number in map(int, NUMBERED.findall(words)) if number in numbers]
    if named:
        return list(dict.fromkeys(named))
    among = list(here or (together if len(together) > 1 else numbers))
    if _ALL.search(words):
        return among if here else among[-2:]
    found = sorted(
        (match.start(), place)
        for place, known in enumerate(_PLACES)
        for match in known.finditer(words)
    )
    last = len(_POSITIONS)
    there = (*range(min(len(among), last)), last)
    picked = [among[-1 if place == last else place] for _, place in found if place in there]
    return list(dict.fromkeys(picked)) or list(here) or among[-1:]
