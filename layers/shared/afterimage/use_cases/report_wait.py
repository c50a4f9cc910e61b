"""What a wait felt like: a browser says when placeholder, preview and picture were drawn.

Nothing of it can be checked: it is what one client claims, between bounds. So nobody can say more
often how it felt than they have sent messages that day, which the daily limit bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afterimage.domain import quota
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Clock, Log, Metrics

if TYPE_CHECKING:
    from afterimage.ports.chats import ReportCounter


@dataclass(frozen=True)
class FeltWait:
    """From sending a message to what was drawn of its answer, in milliseconds.

    Attributes:
        message_id: of the answer.
    """

    message_id: str
    placeholder_ms: int | None
    preview_ms: int | None
    picture_ms: int | None


class ReportWait:
    def __init__(self, counter: ReportCounter, clock: Clock, log: Log, metrics: Metrics) -> None:
        self._counter = counter
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __call__(self, user_id: str, felt: FeltWait) -> None:
        """Turn a report into figures, unless there have been more reports than messages today."""
        self._log.about(message_id=felt.message_id)
        if not self._counter.count_report(user_id, quota.day_of(self._clock.now())):
            self._metrics.add(Metric.REPORTS_REFUSED)
            self._log.info("websocket_report_refused")
            return
        for metric, wait_ms in (
            (Metric.FELT_PLACEHOLDER_TIME, felt.placeholder_ms),
            (Metric.FELT_PREVIEW_TIME, felt.preview_ms),
            (Metric.FELT_PICTURE_TIME, felt.picture_ms),
        ):
            if wait_ms is not None:
                self._metrics.add(metric, wait_ms)
        self._log.info(
            "websocket_wait_reported",
            placeholder_ms=felt.placeholder_ms,
            preview_ms=felt.preview_ms,
            picture_ms=felt.picture_ms,
        )
