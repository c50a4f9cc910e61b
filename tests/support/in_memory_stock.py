"""The stock in memory, beside `tests.support.in_memory`'s tables and under their lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from afterimage.domain import quota
from afterimage.domain.limits import DailyLimits, ModelKind
from afterimage.domain.stock import (
    Shelf,
    StockJob,
    StockPicture,
    StockRows,
    StockStatus,
    ready_name,
    taken_name,
)
from afterimage.ports.models import Cost
from tests.support.doubles import InMemoryPictures
from tests.support.in_memory import InMemoryLedger, InMemoryTables


class InMemoryStock:
    """Implements `StockOrders`, `StockJobs`, `StockReader`, `StockTaking`, `StockKeeping`,
    `CallCounter` and `CostLedger`."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables
        self._rows = tables.rows

    # --- The one job ------------------------------------------------------------------------

    def order(self, job: StockJob, most: int) -> bool:
        with self._tables.lock:
            used, _ = self._rows.stock_calls.get(job.day, (0, 0))
            if self._rows.stock_jobs or used >= most:
                return False
            self._rows.stock_jobs.append(job)
            self._rows.stock_calls[job.day] = used + 1, most
            return True

    def ended(self, job: StockJob) -> None:
        with self._tables.lock:
            if self._job_is(job.picture, job.status):
                self._rows.stock_jobs.clear()

    def fail(self, picture: str, claimed_by: str | None) -> bool:
        with self._tables.lock:
            job = self._job(picture)
            if job is None or job.status is StockStatus.FAILED:
                return False
            if job.status is StockStatus.RUNNING and job.claimed_by != claimed_by:
                return False
            self._rows.stock_jobs[0] = replace(job, status=StockStatus.FAILED)
            return True

    def claim(self, picture: str, claimed_by: str) -> StockJob | None:
        with self._tables.lock:
            job = self._job(picture)
            if job is None or job.status is not StockStatus.RESERVED:
                return None
            running = replace(job, status=StockStatus.RUNNING, claimed_by=claimed_by)
            self._rows.stock_jobs[0] = running
            return running

    def deliver(self, job: StockJob, painted: StockPicture) -> bool:
        with self._tables.lock:
            now = self._job(job.picture)
            if now is None or now != job or (painted.suggestion, painted.name) in self._rows.stock:
                return False
            self._rows.stock_jobs.clear()
            self._rows.stock[painted.suggestion, painted.name] = painted
            return True

    def _job(self, picture: str) -> StockJob | None:
        return next((job for job in self._rows.stock_jobs if job.picture == picture), None)

    def _job_is(self, picture: str, status: StockStatus) -> bool:
        job = self._job(picture)
        return job is not None and job.status is status

    # --- Handing out ------------------------------------------------------------------------

    def shelf(self, suggestion: str) -> Shelf:
        found = self._of(suggestion)
        sample = next((one for one in found if one.is_sample), None)
        return Shelf(sample, tuple(_ready(found)))

    def ready(self, suggestion: str) -> Sequence[StockPicture]:
        return _ready(self._of(suggestion))

    def taken_for(self, suggestion: str, folder: str) -> StockPicture | None:
        with self._tables.lock:
            return self._rows.stock.get((suggestion, taken_name(folder)))

    def take(self, picture: StockPicture, folder: str, until: datetime) -> StockPicture | None:
        name = taken_name(folder)
        taken = replace(picture, name=name, status=StockStatus.TAKEN, until=until, folder=folder)
        return taken if self._moved(picture, taken) else None

    def give_up(self, taken: StockPicture, now: datetime) -> None:
        self._moved(taken, replace(taken, until=now))

    def asked(self, suggestion: str, now: datetime) -> None:
        with self._tables.lock:
            key = suggestion, quota.day_of(now)
            self._rows.stock_asked[key] = self._rows.stock_asked.get(key, 0) + 1

    # --- Keeping ----------------------------------------------------------------------------

    def everything(self, now: datetime) -> StockRows:
        days = {quota.day_of(now), quota.day_of(now - timedelta(days=1))}
        with self._tables.lock:
            asked: dict[str, int] = {}
            for (suggestion, day), number in self._rows.stock_asked.items():
                if day in days:
                    asked[suggestion] = asked.get(suggestion, 0) + number
            job = next(iter(self._rows.stock_jobs), None)
            return StockRows(job, tuple(self._rows.stock.values()), asked)

    def hold(self, taken: StockPicture, until: datetime) -> StockPicture | None:
        held = replace(taken, until=until, status=StockStatus.HELD)
        return held if self._moved(taken, held) else None

    def put_back(self, held: StockPicture) -> bool:
        name = ready_name(held.image.id)
        ready = replace(held, name=name, status=StockStatus.READY, until=None, folder=None)
        return self._moved(held, ready)

    def spend(self, picture: StockPicture) -> StockPicture | None:
        spent = replace(picture, status=StockStatus.SPENT)
        return spent if self._moved(picture, spent) else None

    def remove(self, spent: StockPicture) -> None:
        with self._tables.lock:
            key = spent.suggestion, spent.name
            if key in self._rows.stock and self._rows.stock[key].status is StockStatus.SPENT:
                del self._rows.stock[key]

    def _of(self, suggestion: str) -> list[StockPicture]:
        with self._tables.lock:
            return [one for key, one in sorted(self._rows.stock.items()) if key[0] == suggestion]

    def _moved(self, before: StockPicture, after: StockPicture) -> bool:
        old, new = (before.suggestion, before.name), (after.suggestion, after.name)
        with self._tables.lock:
            if self._rows.stock.get(old) != before or (new != old and new in self._rows.stock):
                return False
            del self._rows.stock[old]
            self._rows.stock[new] = after
            return True

    # --- Calls ------------------------------------------------------------------------------

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        del user_id, model, limit
        with self._tables.lock:
            used, most = self._rows.stock_calls.get(day, (0, 0))
            if used >= most:
                return False
            self._rows.stock_calls[day] = used + 1, most
            return True

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        del user_id, model
        with self._tables.lock:
            used, most = self._rows.stock_calls.get(day, (0, 0))
            self._rows.stock_calls[day] = max(0, used - 1), most

    def note_cost(self, cost: Cost) -> None:
        with self._tables.lock:
            nano_usd, tokens = self._rows.costs.get(("", cost.day), (0, 0))
            self._rows.costs["", cost.day] = nano_usd + cost.nano_usd, tokens


def _ready(found: Sequence[StockPicture]) -> list[StockPicture]:
    return [one for one in found if one.status is StockStatus.READY and not one.is_sample]


class InMemoryFirstQuestions:
    """Implements `FirstQuestions`."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables

    def may_take(self, user_id: str, chat_id: str, day: str, limits: DailyLimits) -> bool:
        used = InMemoryLedger(self._tables).used(user_id, day)
        has_room = used.images < limits.daily_images and used.messages < limits.daily_messages
        return has_room and (user_id, chat_id) not in self._tables.rows.chats


class InMemoryStockFiles:
    """Implements `StockFiles` over `InMemoryPictures`.

    Attributes:
        meanwhile: called during each copying, before anything is copied.
        copied: by key, the tags of its copy.
    """

    def __init__(self, pictures: InMemoryPictures) -> None:
        self._pictures = pictures
        self.meanwhile: Callable[[], None] = lambda: None
        self.copied: dict[str, tuple[str, ...]] = {}

    def copy(self, copies: Mapping[str, str], tags: Sequence[str]) -> None:
        self.meanwhile()
        for source, copy in copies.items():
            self._pictures.files[copy] = self._pictures.files[source]
            self.copied[copy] = tuple(tags)
