"""Counts what a model may be paid for: no call is made that its user's day has no room for.

The first call of a turn is counted in the transaction that decides it, each further one before it
is made. A call that was not billed makes room for the turn's next; if there is none, it goes back
to its day. Where a function dies its calls stay counted: nobody knows what was billed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from afterimage.domain import quota
from afterimage.domain.errors import CallsUsedUp
from afterimage.domain.jobs import OrderedPicture
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import Usage
from afterimage.ports.models import CallCounter, Calls
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.note_costs import NoteCosts


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
        costs: NoteCosts,
    ) -> None:
        self._counter = counter
        self._model = model
        self._limit = limit
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self.costs = costs

    @contextmanager
    def of_turn(
        self, user_id: str, counted_on: str | None, picture: OrderedPicture | None = None
    ) -> Iterator[Calls]:
        """The calls of one turn; one that is left when the block fails goes back.

        What they cost is noted at its end, whatever came of it.

        Args:
            counted_on: the UTC day (`YYYY-MM-DD`) on which the first is counted already; None if
                it is not.
            picture: that they are for, if it is one.
        """
        self.costs.expect()
        calls = _CallsOfTurn(self, user_id, counted_on, picture)
        job_id = None if picture is None else picture.job_id
        try:
            yield calls
        except Exception:
            calls.end()
            self.costs.add(user_id, job_id, calls.spent, calls.tokens)
            if calls.left is not None:
                self._return(user_id, calls.left)
            raise
        calls.end()
        self.costs.add(user_id, job_id, calls.spent, calls.tokens)

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
        spent: US dollars for the calls that have ended and may have been billed.
        tokens: of the same.
    """

    def __init__(
        self, count: CountCalls, user_id: str, left: str | None, picture: OrderedPicture | None
    ) -> None:
        self.left = left
        self._picture = picture
        self._count = count
        self._user_id = user_id
        self._begun_on = ""
        self._is_open = False
        self._model = ""
        self._usage: Usage | None = None
        self._pictures = 0
        self.spent = Decimal(0)
        self.tokens = 0

    def begin(self) -> None:
        self.end()
        self._begun_on = self.left or self._count.one_more(self._user_id)
        self.left = None
        self._is_open = True

    def not_billed(self) -> None:
        self.left = self._begun_on
        self._is_open = False

    def used(self, model: str, usage: Usage | None) -> None:
        self._model, self._usage = model, usage

    def brought(self, pictures: int) -> None:
        self._pictures = pictures

    def end(self) -> None:
        """The call that was begun last is over; where nothing proves otherwise it was billed."""
        if self._is_open:
            costs = self._count.costs
            self.spent += costs.of_call(self._model, self._usage, self._pictures, self._picture)
            self.tokens += self._usage.tokens if self._usage else 0
        self._is_open, self._model, self._usage, self._pictures = False, "", None, 0
