"""Has functions built before they are asked for anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterimage.adapters.lambdas import invoke_event
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Log, Metrics

_WARM = {"warm": True}  # a function's handler knows it by its name


class LambdaWarmer:
    """Implements `Warmer` by asynchronous invocations.

    One that is refused is not repeated: where Lambda has no room, what warms takes none.

    Args:
        functions: their aliases.
    """

    def __init__(
        self, client: Callable[[], Any], functions: Sequence[str], log: Log, metrics: Metrics
    ) -> None:
        self._client = client
        self._functions = functions
        self._log = log
        self._metrics = metrics

    def warm(self) -> None:
        for function in self._functions:
            try:
                invoke_event(self._client(), function, _WARM)
            except (ClientError, BotoCoreError) as error:
                self._metrics.add(Metric.WARMINGS_REFUSED)
                self._log.warning(
                    "function_not_warmed", function=function, reason=type(error).__name__
                )
