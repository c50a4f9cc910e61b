"""How long things take, and an invocation's time and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Generic, ParamSpec, TypeVar

from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
from afterimage.ports.system import Clock, Metrics

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

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


class Measured(Generic[P, ResultT]):
    """An application that knows its invocation's end, and whose figures leave with each of them.

    Args:
        invocation: is told of each one.
        own: the figure of its own time, and the one that holds what a model took of it.
        last: what each invocation does at its end, when nobody waits any more; raises nothing.
        ready: builds what a first invocation needs, before there is one.
    """

    def __init__(
        self,
        application: Callable[P, ResultT],
        metrics: Metrics,
        clock: Clock,
        invocation: Invocation,
        own: tuple[Metric, Metric] | None = None,
        last: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        self.application = application
        self._metrics = metrics
        self._clock = clock
        self._invocation = invocation
        self._own = own
        self._last = last
        self._ready = ready

    def until(self, ends_at: datetime) -> Callable[P, ResultT]:
        """The application for one invocation. Args: ends_at: when Lambda will stop it."""
        self._invocation.begin(ends_at)
        return self._run

    def get_ready(self, ends_at: datetime) -> None:
        """An invocation that only warms: nothing is asked of it, and it changes nothing."""
        self._invocation.begin(ends_at)
        if self._ready is not None:
            self._ready()
        self._metrics.flush()

    def _run(self, *arguments: P.args, **named: P.kwargs) -> ResultT:
        began = self._clock.now()
        try:
            return self.application(*arguments, **named)
        finally:
            if self._own is not None:
                own, model = self._own
                took = milliseconds(began, self._clock.now())
                self._metrics.add(own, max(0.0, took - self._metrics.total(model)))
            if self._last is not None:
                self._last()
            self._metrics.flush()
