"""Clock, log and figures of the machine the code runs on."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from afterimage.domain.metrics import Metric

NAMESPACE = "Afterimage"

_CALLER = 3  # frames up: the line that logs is our caller's, not ours


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class PowertoolsLog:
    """Implements `Log`: one JSON object a line, with the correlation id."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def about(self, **fields: object) -> None:
        self._logger.append_keys(**fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._logger.info(event, stacklevel=_CALLER, extra=fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._logger.warning(event, stacklevel=_CALLER, extra=fields)

    def exception(self, event: str, /, **fields: object) -> None:
        self._logger.exception(event, stacklevel=_CALLER, extra=fields)

    def correlation_id(self) -> str | None:
        """Of the invocation that is running."""
        return self._logger.get_correlation_id()


class PowertoolsMetrics:
    """Implements `Metrics`: one line in CloudWatch's embedded metric format an invocation.

    Defects have a line of their own, because a line's dimensions are those of all its figures.

    Args:
        stack: the dimension of every figure, so that the stacks of one account stay apart.
        function: the function's name in its log; with `version` a second set for defects.
        correlation_id: a property of the line, not a dimension: figures lead to their log.
    """

    def __init__(
        self, stack: str, function: str, version: str, correlation_id: Callable[[], str | None]
    ) -> None:
        self._line = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=stack)
        self._defects = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=stack)
        self._whose = {"service": stack, "function": function, "version": version}
        self._correlation_id = correlation_id
        self._totals: defaultdict[Metric, float] = defaultdict(float)
        self._one_at_a_time = threading.Lock()  # posts are reported side by side

    def add(self, metric: Metric, value: float = 1) -> None:
        with self._one_at_a_time:
            self._totals[metric] += value
            line = self._line_of(metric)
            # Before the figure: at its hundredth value the line is written by itself.
            line.add_metadata("correlation_id", self._correlation_id())
            line.add_metric(metric.title, metric.unit.value, value)

    def _line_of(self, metric: Metric) -> AmazonCloudWatchEMFProvider:
        if metric is not Metric.DEFECTS:
            return self._line
        if not self._defects.dimension_sets:
            self._defects.add_dimensions(**self._whose)
        return self._defects

    def total(self, metric: Metric) -> float:
        return self._totals[metric]

    def flush(self) -> None:
        with self._one_at_a_time:
            for line in (self._line, self._defects):
                if line.metric_set:
                    line.flush_metrics()
            self._totals.clear()
