"""What people are shown that they may ask, and what is set about it.

A setting, JSON in one parameter that functions read at their first call:

    {"suggestions": [{"text": "A fox in the snow", "aspect_ratio": "3:2"}],
     "stock_size": 5, "pictures_a_day": 20, "collect_candidates": false, "common_after": 20}

The same words mean the same wish however they are spelled, by the one rule for words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from afterimage.domain.aspect_ratios import DEFAULT, AspectRatio
from afterimage.domain.words import folded

LONGEST = 200  # characters; it is shown on a picture
_ID_DIGITS = 16  # hexadecimal


def same_words(text: str) -> str:
    """One text for all spellings of the same words: folded, one space between them."""
    return " ".join(folded(text).split())


@dataclass(frozen=True)
class Suggestion:
    """A wish that somebody may have."""

    text: str
    aspect_ratio: AspectRatio = DEFAULT

    @property
    def id(self) -> str:
        """Follows from the wish, so that another wish never gets this one's pictures."""
        wish = f"{self.aspect_ratio} {same_words(self.text)}"
        return hashlib.sha256(wish.encode()).hexdigest()[:_ID_DIGITS]


@dataclass(frozen=True)
class Suggestions:
    """What the operator has set.

    Attributes:
        stock_size: pictures that are kept of one that is asked for often, beside its sample.
        pictures_a_day: calls of the image model for all of them in a UTC day that may be billed.
        collect_candidates: whether texts are counted that several people ask.
        common_after: so many different people make a text a candidate.
    """

    suggestions: tuple[Suggestion, ...] = ()
    stock_size: int = 1
    pictures_a_day: int = 0
    collect_candidates: bool = False
    common_after: int = 20

    def asked(
        self, text: str, suggestion_id: str | None, aspect_ratio: str | None
    ) -> Suggestion | None:
        """The suggestion that a question is; None if it is none.

        Args:
            suggestion_id: chooses among those of the same words; one that is not known does not.
            aspect_ratio: that the question wishes for; None fits all.
        """
        words = same_words(text)
        same = [one for one in self.suggestions if same_words(one.text) == words]
        named = [one for one in self.suggestions if one.id == suggestion_id]
        fitting = [one for one in same if aspect_ratio in (None, one.aspect_ratio)]
        return next((one for one in fitting if one in named or not named), None)
