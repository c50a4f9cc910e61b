"""The catalogue of models: packaged, or as the operator has set it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from afterimage.domain.catalogue import Catalogue, OwnModels
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Log, Metrics

_PACKAGED = Path(__file__).parent.parent / "models.json"
_TOLD = 5  # of what is wrong


def packaged() -> Catalogue:
    """What comes with the package."""
    return Catalogue.model_validate_json(_PACKAGED.read_bytes())


def in_force(
    setting: Callable[[], str], log: Log, metrics: Metrics | None = None
) -> Callable[[], Catalogue]:
    """What holds now, read whenever it is asked for.

    A list of models that is set stands in place of the packaged one. What is not valid changes
    nothing and is a defect: an answer is not lost for a price.

    Args:
        setting: JSON; `{}` sets nothing.
    """

    @lru_cache(maxsize=1)  # parsed once for each text
    def parsed(text: str) -> Catalogue:
        try:
            return OwnModels.model_validate_json(text).over(packaged())
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            log.exception("model_catalogue_invalid", wrong=wrong[:_TOLD])
            if metrics is not None:  # the page has none
                metrics.add(Metric.DEFECTS)
            return packaged()

    return lambda: parsed(setting())
