"""What calls of a model cost: worked out from what was used, reported, and added to the ledger.

Nobody waits for it. A turn's costs are written beside what follows it, or at the end of the
invocation, in rows that no transaction touches but for the job's own. What cannot be written is
told, and an answer is not lost for it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from decimal import Decimal

from afterimage.domain import quota
from afterimage.domain.catalogue import Catalogue
from afterimage.domain.jobs import Job, OrderedPicture
from afterimage.domain.limits import ModelKind
from afterimage.domain.metrics import Metric
from afterimage.domain.usage import Usage, nano, usd
from afterimage.ports.models import Cost, CostLedger
from afterimage.ports.system import Clock, Log, Metrics

_CALLS = {ModelKind.TEXT: Metric.TEXT_CALLS, ModelKind.IMAGE: Metric.IMAGE_CALLS}
_COSTS = {ModelKind.TEXT: Metric.TEXT_COST, ModelKind.IMAGE: Metric.IMAGE_COST}
_FREE = Decimal(0)


class NoteCosts:
    """Costs of one kind of model.

    Args:
        flat: US dollars for a picture, or a call without one, whose price the catalogue does not
            know.
        beside: does something beside what follows.
        writes_at_once: whether a turn's costs are written beside what follows; else by `settle`.
    """

    def __init__(
        self,
        ledger: CostLedger,
        kind: ModelKind,
        catalogue: Callable[[], Catalogue],
        flat: Decimal,
        clock: Clock,
        log: Log,
        metrics: Metrics,
        beside: Callable[[Callable[[], object]], object],
        *,
        writes_at_once: bool,
    ) -> None:
        self._ledger = ledger
        self._kind = kind
        self._catalogue = catalogue
        self._flat = flat
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._beside = beside
        self._writes_at_once = writes_at_once
        self._unwritten: list[Cost] = []
        self._paid: tuple[str, Decimal] = ("", _FREE)
        self._unknown: set[str] = set()
        self._one_at_a_time = threading.Lock()

    def expect(self) -> None:
        """A call is about to be made: its price is looked up while the model works."""
        self._beside(self._catalogue)

    def of_call(
        self, model: str, usage: Usage | None, pictures: int, ordered: OrderedPicture | None = None
    ) -> Decimal:
        """US dollars for one call that may have been billed.

        Args:
            model: that was asked; another may have answered. Empty if nothing came.
            usage: None where the answer did not say, or never came.
            pictures: that it brought.
            ordered: that it was for: its size is the price where the answer did not say.
        """
        catalogue = self._read_catalogue() if usage or ordered else None
        priced = self._priced(catalogue, model, usage) if catalogue and usage else None
        if priced is None:
            priced = max(1, pictures) * self._of_picture(catalogue, ordered, model)
        return self._reported(priced)

    def add(self, user_id: str, job_id: str | None, spent: Decimal, tokens: int) -> None:
        """Note what a turn cost. Raises nothing.

        Args:
            job_id: the job that it was for, if it was for one.
            tokens: of all calls of the turn.
        """
        if job_id is not None:
            self._paid = (job_id, spent)
        if not spent and not tokens:
            return
        day = quota.day_of(self._clock.now())
        cost = Cost(user_id, day, self._kind, nano(spent), tokens, job_id, uuid.uuid4().hex)
        self._unwritten.append(cost)
        if self._writes_at_once:
            self._beside(self.settle)

    def bought(self, user_id: str, job: Job, pictures: int) -> None:
        """Note the pictures that a function bought which died before it could note them."""
        if job.cost_nano_usd:
            self.add(user_id, job.id, _FREE, 0)
        else:
            each = self._of_picture(self._read_catalogue(), job.ordered)
            self.add(user_id, job.id, self._reported(pictures * each), 0)

    def price_usd(self, job: Job) -> str:
        """What a job has cost, with the turn that was noted last. Args: job: as it was claimed."""
        return usd(job.cost_nano_usd + nano(self.paid_for(job.id)))

    def paid_for(self, job_id: str) -> Decimal:
        """US dollars for the turn that was noted last, if it was this job's."""
        noted, spent = self._paid
        return spent if noted == job_id else _FREE

    def settle(self) -> None:
        """Write what is not written yet; when it returns, everything noted before is."""
        with self._one_at_a_time:
            while self._unwritten:
                try:
                    self._ledger.note_cost(self._unwritten.pop(0))
                except Exception:  # noqa: BLE001 - an answer is not lost for its price
                    self._log.exception("cost_not_noted")
                    self._metrics.add(Metric.DEFECTS)

    def _reported(self, cost: Decimal) -> Decimal:
        """What one call cost, among the figures of the stack."""
        self._metrics.add(_CALLS[self._kind])
        self._metrics.add(_COSTS[self._kind], float(cost))
        return cost

    def _read_catalogue(self) -> Catalogue | None:
        try:
            return self._catalogue()
        except Exception:  # noqa: BLE001 - an answer is not lost for its price
            self._log.exception("model_catalogue_unread")
            self._metrics.add(Metric.DEFECTS)
            return None

    def _of_picture(
        self, catalogue: Catalogue | None, ordered: OrderedPicture | None, model: str = ""
    ) -> Decimal:
        """US dollars for a picture of which only the order is known."""
        if catalogue is None or ordered is None:
            return self._flat
        today = self._clock.now().date()
        asked = (catalogue.price_of(one, ordered.size, today) for one in (model, ordered.model))
        return next((price for price in asked if price is not None), self._flat)

    def _priced(self, catalogue: Catalogue, model: str, usage: Usage) -> Decimal | None:
        today = self._clock.now().date()
        for name in filter(None, (usage.model, model)):
            if (prices := catalogue.prices(self._kind, name, today)) is not None:
                return prices.cost(usage)
        if model not in self._unknown:
            self._unknown.add(model)
            self._log.warning("model_price_unknown", model=model, counted_usd=str(self._flat))
        return None
