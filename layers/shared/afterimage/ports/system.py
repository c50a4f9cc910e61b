"""What every use case has: the time, figures and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from afterimage.domain.metrics import Metric


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, as an aware UTC datetime."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Metrics(Protocol):
    """Figures about the service: no ids, and nothing that anybody wrote."""

    def add(self, metric: Metric, value: float = 1) -> None:
        """Report a value in the metric's unit. Never raises."""

    def total(self, metric: Metric) -> float:
        """What has been reported of it since the last `flush`, summed."""

    def flush(self) -> None:
        """Let everything reported so far go; once an invocation, at its end."""


class Log(Protocol):
    """Structured log: an event name and its fields."""

    def about(self, **fields: object) -> None:
        """Fields of every further line of this invocation."""

    def info(self, event: str, /, **fields: object) -> None:
        """What happened in the normal course of things."""

    def warning(self, event: str, /, **fields: object) -> None:
        """What somebody may have to look at, and was dealt with."""

    def exception(self, event: str, /, **fields: object) -> None:
        """With the exception that is being handled."""
