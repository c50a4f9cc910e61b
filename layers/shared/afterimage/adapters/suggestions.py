"""What is suggested, as the operator has set it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import Suggestions
from afterimage.ports.system import Log, Metrics

_TOLD = 5  # of what is wrong


def set_suggestions(
    setting: Callable[[], str], log: Log, metrics: Metrics
) -> Callable[[], Suggestions | None]:
    """What is set now, read whenever it is asked for; None where it is not valid or cannot be read.

    That is a defect, and suggests nothing.

    Args:
        setting: JSON.
    """

    @lru_cache(maxsize=1)  # parsed once for each text
    def parsed(text: str) -> Suggestions | None:
        if _sets_nothing(text):
            return Suggestions()
        # Imported here: only what somebody has written has to be checked.
        from pydantic import ValidationError

        from afterimage.adapters.own_suggestions import own_suggestions

        try:
            return own_suggestions(text)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            log.exception("suggestions_invalid", wrong=wrong[:_TOLD])
            metrics.add(Metric.DEFECTS)
            return None

    def read() -> Suggestions | None:
        try:
            text = setting()
        except Exception:
            log.exception("suggestions_unread")
            metrics.add(Metric.DEFECTS)
            return None
        return parsed(text)

    return read


def _sets_nothing(text: str) -> bool:
    """Whether nothing is suggested or collected, which the template says where none is given."""
    try:
        given = json.loads(text)
    except ValueError:
        return False
    off = {"suggestions": [], "collect_candidates": False}
    return isinstance(given, dict) and {name: given.get(name) for name in off} == off
