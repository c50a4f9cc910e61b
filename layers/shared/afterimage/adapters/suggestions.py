"""What is suggested, as the operator has set it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pydantic import ValidationError

from afterimage.domain.metrics import Metric
from afterimage.domain.suggestions import Suggestions
from afterimage.ports.system import Log, Metrics

_TOLD = 5  # of what is wrong


def set_suggestions(
    setting: Callable[[], str], log: Log, metrics: Metrics
) -> Callable[[], Suggestions | None]:
    """What is set now, read whenever it is asked for; None where it is not valid.

    That is a defect, and suggests nothing.

    Args:
        setting: JSON.
    """

    @lru_cache(maxsize=1)  # parsed once for each text
    def parsed(text: str) -> Suggestions | None:
        try:
            return Suggestions.model_validate_json(text)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            log.exception("suggestions_invalid", wrong=wrong[:_TOLD])
            metrics.add(Metric.DEFECTS)
            return None

    return lambda: parsed(setting())
