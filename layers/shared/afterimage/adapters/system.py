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

    Args:
        stack: the only dimension, so that the stacks of one account stay apart.
        correlation_id: a property of the line, not a dimension: figures lead to their log.
    """

    def __init__(self, stack: str, correlation_id: Callable[[], str | None]) -> None:
        self._line = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=stack)
        self._correlation_id = correlation_id
        self._totals: defaultdict[Metric, float] = defaultdict(float)
        self._one_at_a_time = threading.Lock()  # posts are reported side by side

    def add(self, metric: Metric, value: float = 1) -> None:
        with self._one_at_a_time:
            self._totals[metric] += value
            # Before the value: at the hundredth of one figure the line leaves by itself.
            self._line.add_metadata("correlation_id", self._correlation_id())
            self._line.add_metric(metric.title, metric.unit.value, value)

    def total(self, metric: Metric) -> float:
        return self._totals[metric]

    def flush(self) -> None:
        with self._one_at_a_time:
            if self._line.metric_set:
                self._line.flush_metrics()
            self._totals.clear()
