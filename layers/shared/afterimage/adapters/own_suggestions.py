"""What the operator has set as suggestions, checked.

What it means: `afterimage.domain.suggestions`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from afterimage.domain import suggestions as domain
from afterimage.domain.aspect_ratios import DEFAULT, AspectRatio

_MOST = 12  # of what somebody chooses among
_CONFIG = ConfigDict(frozen=True, defer_build=True)


def _says_something(text: str) -> str:
    if not domain.same_words(text):
        raise ValueError("says nothing")
    return text


class _Suggestion(BaseModel):
    model_config = _CONFIG

    text: Annotated[
        str, Field(min_length=1, max_length=domain.LONGEST), AfterValidator(_says_something)
    ]
    aspect_ratio: AspectRatio = DEFAULT


def _each_once(given: tuple[_Suggestion, ...]) -> tuple[domain.Suggestion, ...]:
    suggestions = tuple(domain.Suggestion(one.text, one.aspect_ratio) for one in given)
    if len({one.id for one in suggestions}) < len(suggestions):
        raise ValueError("each only once")
    return suggestions


class _Suggestions(BaseModel):
    model_config = _CONFIG

    suggestions: Annotated[
        tuple[_Suggestion, ...], Field(max_length=_MOST), AfterValidator(_each_once)
    ] = ()
    stock_size: Annotated[int, Field(ge=1, le=99)] = 1
    pictures_a_day: Annotated[int, Field(ge=0, le=9_999)] = 0
    collect_candidates: bool = False
    common_after: Annotated[int, Field(ge=2, le=99)] = 20


def own_suggestions(text: str) -> domain.Suggestions:
    """Raises: ValidationError of pydantic."""
    return domain.Suggestions(**dict(_Suggestions.model_validate_json(text)))
