"""The bundle of the unit tests over the tables of the contracts, for one user of them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from tests.contracts.conftest import Tables
from tests.support.bundle import LIMITS, Bundle, over
from tests.support.doubles import (
    InMemoryPictures,
    RecordingLog,
    RecordingMetrics,
    RecordingStarter,
)

from afterimage.adapters.system import SystemClock
from afterimage.use_cases.turns import PaintersTurns

CLOCK = SystemClock()  # what happens at once is about real time
AT_ONCE = 4
_MANY = replace(LIMITS, daily_messages=99, text_calls=99, open_messages=99)


@dataclass
class Somebody(Bundle):
    """Attributes: user: whom nobody else is in these tables."""

    stores: Tables = None  # type: ignore[assignment]
    user: str = ""

    def open_stores(self) -> None:
        stores: Any = self.stores
        self.messages, self.ledger = stores.messages, stores.jobs
        self.uploads, self.index = stores.uploads, stores.index
        self.images, self.chats = stores.images, stores.chats
        self.deletions, self.removal = stores.deletions, stores.removal
        self.shares = stores.shares
        self.events, self.rows = stores.events, stores.rows
        self.pictures = InMemoryPictures(self.journal)


S = TypeVar("S", bound=Somebody)


def somebody(kind: type[S], stores: Tables, threads: Executor, user: str) -> S:
    """When the keeper comes, no function is copying or uploading any more."""
    log, metrics, starter = RecordingLog(), RecordingMetrics(), RecordingStarter()
    jobs, lasts = (stores.jobs, stores.messages), LIMITS.image_deadline
    turns = PaintersTurns(*jobs, starter, CLOCK, AT_ONCE, lasts, log, metrics)
    ends = {"upload_time": timedelta(0), "copy_time": timedelta(0)}
    made = {"stores": stores, "user": user, "limits": _MANY, **ends}
    return over(kind, stores.store, CLOCK, threads, turns, starter, log, metrics, **made)
