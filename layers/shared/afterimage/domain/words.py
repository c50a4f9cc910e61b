"""Words as a search compares them."""

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


def folded(text: str) -> str:
    """The same for every spelling of a word: NFKC, case folded, without diacritics.

    Composed first, because case folding turns a Greek iota below into a letter; and composed
    again at the end, so that half a Korean syllable does not match the whole.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _DIACRITICS.sub("", unicodedata.normalize("NFKD", plain)))


def has_all(text: str, words: list[str]) -> bool:
    """Whether each of these words, already `folded`, is somewhere in the text."""
    found = folded(text)
    return all(word in found for word in words)
