"""Words as a search compares them, and whether there are any."""

from __future__ import annotations

import re
import unicodedata

# Marks that stand on or under a letter: the blocks of combining diacritical marks, the points of
# Hebrew, the vowel signs of Arabic. Other marks are letters of their own (the voicing of kana,
# the vowels of Hindi and Thai). functions/web_page/static/elements.js has the same list.
_DIACRITICS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]"
)

# What shows nothing: white space, control characters, what Unicode says may be ignored
# (DerivedCoreProperties.txt, Default_Ignorable_Code_Point: joiners, fillers, marks of direction,
# variation selectors, tags), marks of annotations, and the blank of Braille.
# functions/web_page/static/elements.js says the same.
_BLANK = re.compile(
    "[\\s\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)


def is_blank(text: str) -> bool:
    """Whether nobody would see anything of it."""
    return _BLANK.fullmatch(text) is not None


def folded(text: str) -> str:
    """The same for every spelling of a word: NFKC, case folded, without diacritics.

    Composed first, because case folding turns a Greek iota below into a letter; and composed
    again at the end, so that half a Korean syllable does not match the whole.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _DIACRITICS.sub("", unicodedata.normalize("NFKD", plain)))


def words_of(text: str) -> list[str]:
    """The words to look for, each `folded`, that somebody can see."""
    return [word for word in folded(text).split() if not is_blank(word)]


def has_all(text: str, words: list[str]) -> bool:
    """Whether each of these words, of `words_of`, is somewhere in the text."""
    found = folded(text)
    return all(word in found for word in words)
