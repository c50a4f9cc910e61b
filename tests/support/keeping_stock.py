"""One keeper and one painter around the same stock, in memory."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from afterimage.domain.limits import ModelKind
from afterimage.domain.stock import StockJob
from afterimage.domain.suggestions import Suggestions
from afterimage.use_cases.keep_stock import KeepStock
from afterimage.use_cases.paint_stock import PaintStock, StockOrder
from tests.support.costs import IMAGE_MODEL, count_calls
from tests.support.doubles import (
    REQUEST,
    FakeStudio,
    FixedClock,
    InMemoryPictures,
    PlainIdentifiers,
    RecordingLog,
    RecordingMetrics,
    ScriptedModel,
)
from tests.support.in_memory import InMemoryTables
from tests.support.in_memory_stock import InMemoryStock

DEADLINE = timedelta(seconds=460)


@dataclass
class KeepingStock:
    """Implements `StockStarter`.

    Attributes:
        setting: what is suggested; None where it is not valid.
        started: pictures that the painter was started for.
    """

    threads: Executor
    setting: Suggestions | None
    clock: FixedClock = field(default_factory=FixedClock)
    log: RecordingLog = field(default_factory=RecordingLog)
    metrics: RecordingMetrics = field(default_factory=RecordingMetrics)
    started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = InMemoryTables(self.clock)
        self.stock = InMemoryStock(self.tables)
        self.pictures = InMemoryPictures()
        self.model = ScriptedModel()
        self.studio = FakeStudio()

    def met(self, needed: Any) -> Any:
        """Something of the world, as the functions that run now meet it."""
        return needed

    def start_stock(self, job: StockJob) -> None:
        self.started.append(job.picture)

    def keep(self, seconds: float = 1) -> None:
        stock = self.met(self.stock)
        keep = KeepStock(
            lambda: self.setting,
            stock,
            stock,
            self.met(self),
            self.met(self.pictures),
            self.clock,
            DEADLINE,
            self.log,
            self.metrics,
        )
        keep(self.clock.now() + timedelta(seconds=seconds))

    def paint(self, data: bytes = b"bytes") -> None:
        """What the painter does with what was started last."""
        stock = self.met(self.stock)
        calls = count_calls(stock, ModelKind.IMAGE, 0, self.clock, self.log, self.metrics)
        self.model.script.append(data)
        paint = PaintStock(
            stock,
            self.met(self.model),
            PlainIdentifiers(),
            calls,
            self.studio,
            self.met(self.pictures),
            IMAGE_MODEL,
            self.clock,
            self.threads,
            self.log,
            self.metrics,
        )
        until = self.clock.now() + timedelta(seconds=150)
        paint(StockOrder(self.started[-1], REQUEST, until))
        calls.costs.settle()
