"""The catalogue of models: packaged, or as the operator has set it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from afterimage.domain.catalogue import Catalogue, catalogue_of
from afterimage.ports.system import Log, Metrics

_PACKAGED = Path(__file__).parent.parent / "models.json"
_NOTHING_SET = "{}"


def packaged() -> Catalogue:
    """What comes with the package; a test checks it as what is set is checked."""
    return catalogue_of(json.loads(_PACKAGED.read_bytes()))


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
        if text == _NOTHING_SET:
            return packaged()
        # Imported here, with pydantic: only what somebody has written has to be checked.
        from afterimage.adapters.own_models import own_models

        own = own_models(text, log, metrics)
        return catalogue_of({**json.loads(_PACKAGED.read_bytes()), **own})

    return lambda: parsed(setting())
