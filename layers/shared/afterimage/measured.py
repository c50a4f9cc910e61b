"""How long things take, and an invocation's time and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.ports import Clock, Metrics

_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(since: datetime, now: datetime) -> float:
    """Between two moments; two machines' clocks may disagree, but nothing takes less than 0."""
    return max(0.0, (now - since) / _MILLISECOND)


@contextmanager
def timed(metrics: Metrics, metric: Metric, clock: Clock) -> Iterator[None]:
    """Reports how long the block took, whatever came of it."""
    began = clock.now()
    try:
        yield
    finally:
        metrics.add(metric, milliseconds(began, clock.now()))


class Measured:
    """An application that knows its invocation's end, and whose figures leave with each of them.

    Args:
        invocation: is told of each one.
        own: the figure of its own time, and the one that holds what a model took of it.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        metrics: Metrics,
        clock: Clock,
        invocation: Invocation,
        own: tuple[Metric, Metric] | None = None,
    ) -> None:
        self.application = application
        self._metrics = metrics
        self._clock = clock
        self._invocation = invocation
        self._own = own

    def __call__(self, *arguments: Any, ends_at: datetime) -> Any:
        """Args: ends_at: when Lambda will stop this invocation."""
        self._invocation.begin(ends_at)
        began = self._clock.now()
        try:
            return self.application(*arguments)
        finally:
            if self._own is not None:
                own, model = self._own
                took = milliseconds(began, self._clock.now())
                self._metrics.add(own, max(0.0, took - self._metrics.total(model)))
            self._metrics.flush()
