"""Counts what a model may be paid for: no call is made that its user's day has no room for.

The first call of a turn is counted in the transaction that decides it, each further one before it
is made. A call that was not billed makes room for the turn's next; if there is none, it goes back
to its day. Where a function dies its calls stay counted: nobody knows what was billed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from afterimage.domain import quota
from afterimage.domain.errors import CallsUsedUp
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.ports.models import CallCounter, Calls
from afterimage.ports.system import Clock, Log, Metrics


class CountCalls:
    """Counts the calls of one kind of model.

    Args:
        limit: of one user and UTC day.
    """

    def __init__(
        self,
        counter: CallCounter,
        model: ModelKind,
        limit: int,
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._counter = counter
        self._model = model
        self._limit = limit
        self._clock = clock
        self._log = log
        self._metrics = metrics

    @contextmanager
    def of_turn(self, user_id: str, counted_on: str | None) -> Iterator[Calls]:
        """The calls of one turn; one that is left when the block fails goes back.

        Args:
            counted_on: the UTC day (`YYYY-MM-DD`) on which the first is counted already; None if
                it is not.
        """
        calls = _CallsOfTurn(self, user_id, counted_on)
        try:
            yield calls
        except Exception:
            if calls.left is not None:
                self._return(user_id, calls.left)
            raise

    def one_more(self, user_id: str) -> str:
        """The day on which a call is counted. Raises: CallsUsedUp."""
        now = self._clock.now()
        day = quota.day_of(now)
        if not self._counter.count_call(user_id, self._model, day, self._limit):
            raise CallsUsedUp(retry_after=quota.seconds_to_reset(now))
        return day

    def _return(self, user_id: str, day: str) -> None:
        try:
            self._counter.return_call(user_id, self._model, day)
        except Exception:  # noqa: BLE001 - what failed is told, not this
            self._log.exception("call_not_given_back")
            self._metrics.add(Metric.DEFECTS)


class _CallsOfTurn:
    """Implements `Calls`.

    Attributes:
        left: day of the call that is counted and not made.
    """

    def __init__(self, count: CountCalls, user_id: str, left: str | None) -> None:
        self.left = left
        self._count = count
        self._user_id = user_id
        self._begun_on = ""

    def begin(self) -> None:
        self._begun_on = self.left or self._count.one_more(self._user_id)
        self.left = None

    def not_billed(self) -> None:
        self.left = self._begun_on
