"""Words as a search compares them: however they are written, and never a part of a letter."""

from __future__ import annotations

import unicodedata

import pytest

from afterimage.domain.words import has_all, words_of

SPELLINGS = {
    "composed": "Die Übung im CAFÉ",
    "decomposed": unicodedata.normalize("NFD", "Die Übung im CAFÉ"),
    "wide": "ＤＩＥ　Übung im Ｃａｆé",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    "words", ["übung", "ubung", unicodedata.normalize("NFD", "ÜBUNG"), "cafe", "ｃａｆé　die"]
)
def test_a_word_is_found_in_any_normal_form(text: str, words: str) -> None:
    assert has_all(text, words_of(words))


@pytest.mark.parametrize(
    ("text", "words", "is_found"),
    [
        ("東京の猫", "猫", True),
        ("ﾎﾟｽﾄ", "ポスト", True),  # half as wide
        ("ポスト", "ホスト", False),  # a post is no host
        ("서울의 밤", unicodedata.normalize("NFD", "서울"), True),
        ("강", "가", False),  # a part of a syllable
        ("Ὀδυσσεύς", "οδυσσευσ", True),
        ("ὑπὸ τῇ ᾳ", unicodedata.normalize("NFD", "ᾳ"), True),
        ("שָׁלוֹם", "שלום", True),
        ("مُحَمَّد", "محمد", True),
        ("किताब", "कतब", False),  # its vowels are letters
        ("ﬁne weather", "fine", True),
        ("anything", "%", False),
        ("anything", ".*", False),
        ("anything", "_", False),
        ("Two FOXES", "fox", True),
        ("a red fox", "fox RED", True),
        ("a red fox", "red badger", False),
        ("STRASSE bei Nacht", "straße", True),
        ("anything", "  ", True),
    ],
)
def test_accents_are_taken_off_and_letters_left(text: str, words: str, *, is_found: bool) -> None:
    assert has_all(text, words_of(words)) is is_found
