"""What people are shown that they may ask, and what is set about it.

A setting, JSON in one parameter that functions read at their first call:

    {"suggestions": [{"text": "A fox in the snow", "aspect_ratio": "3:2"}],
     "stock_size": 5, "pictures_a_day": 20, "collect_candidates": false, "common_after": 20}

The same words mean the same wish however they are spelled, by the one rule for words.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from afterimage.domain.aspect_ratios import DEFAULT, AspectRatio
from afterimage.domain.words import folded

_MOST = 12  # of what somebody chooses among
LONGEST = 200  # characters; it is shown on a picture
_ID_DIGITS = 16  # hexadecimal
_CONFIG = ConfigDict(frozen=True, defer_build=True)


def same_words(text: str) -> str:
    """One text for all spellings of the same words: folded, one space between them."""
    return " ".join(folded(text).split())


def _says_something(text: str) -> str:
    if not same_words(text):
        raise ValueError("says nothing")
    return text


class Suggestion(BaseModel):
    """A wish that somebody may have."""

    model_config = _CONFIG

    text: Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_says_something)]
    aspect_ratio: AspectRatio = DEFAULT

    @property
    def id(self) -> str:
        """Follows from the wish, so that another wish never gets this one's pictures."""
        wish = f"{self.aspect_ratio} {same_words(self.text)}"
        return hashlib.sha256(wish.encode()).hexdigest()[:_ID_DIGITS]


def _each_once(suggestions: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    if len({one.id for one in suggestions}) < len(suggestions):
        raise ValueError("each only once")
    return suggestions


class Suggestions(BaseModel):
    """What the operator has set.

    Attributes:
        stock_size: pictures that are kept of one that is asked for often, beside its sample.
        pictures_a_day: calls of the image model for all of them in a UTC day that may be billed.
        collect_candidates: whether texts are counted that several people ask.
        common_after: so many different people make a text a candidate.
    """

    model_config = _CONFIG

    suggestions: Annotated[
        tuple[Suggestion, ...], Field(max_length=_MOST), AfterValidator(_each_once)
    ] = ()
    stock_size: Annotated[int, Field(ge=1, le=99)] = 1
    pictures_a_day: Annotated[int, Field(ge=0, le=9_999)] = 0
    collect_candidates: bool = False
    common_after: Annotated[int, Field(ge=2, le=99)] = 20

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

    @classmethod
    def none(cls) -> Self:
        """Nothing is suggested, and nothing is kept."""
        return cls()
