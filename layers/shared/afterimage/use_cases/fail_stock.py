"""A function that painted for the stock has died: its job has failed, and the sweep removes it."""

from __future__ import annotations

from afterimage.domain.metrics import Metric
from afterimage.ports.stock import StockJobs
from afterimage.ports.system import Log, Metrics


class FailStock:
    """Nobody waits for it, so there is no second attempt."""

    def __init__(self, jobs: StockJobs, log: Log, metrics: Metrics) -> None:
        self._jobs = jobs
        self._log = log
        self._metrics = metrics

    def __call__(self, picture: str, request_id: str) -> None:
        """Args: request_id: of the invocation that failed."""
        self._metrics.add(Metric.INVOCATIONS_FAILED)
        failed = self._jobs.fail(picture, request_id)
        self._log.warning("keeper_stock_failed", picture=picture, was_open=failed)
