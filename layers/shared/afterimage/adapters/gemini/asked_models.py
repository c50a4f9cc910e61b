"""Which models are asked, and what only whoever runs the stack can put right about them.

That is said in the log with the setting to change, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from afterimage.adapters.gemini.refusals import KeyRejected, ModelMissing
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Clock, Log, Metrics

# The settings that name the models.
TEXT, IMAGE = "TextModel", "ImageModel"
_MOST_SUCCESSORS = 3  # of one model, one after another

ReplyT = TypeVar("ReplyT")


class AskedModels:
    """The model of each setting or, while that is gone, the one that the provider names for it.

    Args:
        configured: ids by setting.
        follows: whether a successor is asked at all.
    """

    def __init__(
        self,
        configured: Mapping[str, str],
        clock: Clock,
        log: Log,
        metrics: Metrics,
        *,
        follows: bool,
    ) -> None:
        self._configured = dict(configured)
        self._models = dict(configured)
        self._follows = follows
        self._announced: set[tuple[str, datetime]] = set()
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __getitem__(self, setting: str) -> str:
        """Id of the one that is asked."""
        return self._models[setting]

    def painter(self, model: str | None) -> str:
        """By what an image model is named here: its setting, or of others the id."""
        if not model or model == self._configured[IMAGE]:
            return IMAGE
        if model not in self._models:
            self._configured[model] = self._models[model] = model
        return model

    def told_of(self, setting: str, ask: Callable[[], ReplyT]) -> ReplyT:
        """Ask the model of a setting or, where that is wished, its successor.

        Raises:
            KeyRejected, ModelMissing: as `ask`, and told.
        """
        followed = 0
        while True:
            try:
                return ask()
            except KeyRejected:
                self._metrics.add(Metric.KEY_REJECTED)
                self._log.warning("gemini_key_rejected", setting="GeminiApiKey")
                raise
            except ModelMissing as missing:
                self._metrics.add(Metric.MODEL_MISSING)
                self._log.warning(
                    "gemini_model_missing",
                    setting=setting,
                    model=self._models[setting],
                    successor=missing.successor,
                )
                if not self._follows or not missing.successor or followed == _MOST_SUCCESSORS:
                    self._models[setting] = self._configured[setting]
                    raise
                self._models[setting] = missing.successor
                followed += 1

    def announce(self, setting: str, retires: datetime | None) -> None:
        """Count the days that a model has left, if it has said so."""
        if retires is None:
            return
        days = max(0.0, (retires - self._clock.now()) / timedelta(days=1))
        self._metrics.add(Metric.MODEL_DAYS_LEFT, round(days, 1))
        model = self._models[setting]
        if (model, retires) not in self._announced:
            self._announced.add((model, retires))
            self._log.warning(
                "gemini_model_retires", setting=setting, model=model, at=retires.isoformat()
            )
