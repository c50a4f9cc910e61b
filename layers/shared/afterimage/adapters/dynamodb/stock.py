"""The stock in DynamoDB: its one job, its pictures, and what of it is counted."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from afterimage.adapters.dynamodb import columns, rows
from afterimage.adapters.dynamodb.conditional import deleted, updated
from afterimage.adapters.dynamodb.stock_rows import (
    CALLS,
    JOB,
    job_of,
    job_row,
    moved_on,
    picture_is,
    picture_of,
    picture_row,
    status_is,
    still,
)
from afterimage.adapters.dynamodb.tables import StockRow
from afterimage.adapters.dynamodb.together import read_row
from afterimage.domain import quota
from afterimage.domain.stock import (
    SAMPLE,
    Shelf,
    StockJob,
    StockPicture,
    StockRows,
    StockStatus,
    ready_name,
    taken_name,
)

_ASKED, _READY = "asked#", "ready#"
_COUNTED_FOR = timedelta(days=2)  # of what was asked; a day, and the one before


class DynamoDbStock:
    """Implements `StockOrders`, `StockJobs`, `StockReader`, `StockTaking` and `StockKeeping`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- The one job ------------------------------------------------------------------------

    def order(self, job: StockJob, most: int) -> bool:
        if most < 1:
            return False
        counted = StockRow(CALLS, job.day)
        room = StockRow.used.does_not_exist() | (StockRow.used <= most - 1)
        actions: list[Action] = [
            StockRow.used.add(1),
            StockRow.most.set(most),
            StockRow.expires_at.set(rows.counter_expires_at(job.day)),
        ]
        try:
            with TransactWrite(connection=self._connection) as transaction:
                transaction.save(job_row(job), condition=StockRow.id.does_not_exist())
                transaction.update(counted, actions=actions, condition=room)
        except TransactWriteError as error:
            return moved_on(error)
        return True

    def ended(self, job: StockJob) -> None:
        as_read = picture_is(job.picture) & status_is(job.status)
        deleted(StockRow(*JOB), as_read)

    def fail(self, picture: str, claimed_by: str | None) -> bool:
        if claimed_by is None:
            open_job = status_is(StockStatus.RESERVED)
        else:
            ours = status_is(StockStatus.RUNNING) & (StockRow.claimed_by == claimed_by)
            open_job = status_is(StockStatus.RESERVED) | ours
        failed: list[Action] = [StockRow.status.set(StockStatus.FAILED.value)]
        return updated(StockRow(*JOB), failed, picture_is(picture) & open_job)

    def claim(self, picture: str, claimed_by: str) -> StockJob | None:
        # Two deliveries of one event have the same request id, but not the same nonce.
        row, nonce = StockRow(*JOB), uuid.uuid4().hex
        claimed: list[Action] = [
            StockRow.status.set(StockStatus.RUNNING.value),
            StockRow.claimed_by.set(claimed_by),
            StockRow.claim_nonce.set(nonce),
        ]
        # The SDK repeats a request whose answer was lost.
        ours = StockRow.claim_nonce == nonce
        condition = picture_is(picture) & (status_is(StockStatus.RESERVED) | ours)
        if not updated(row, claimed, condition):
            return None
        return job_of(row)

    def deliver(self, job: StockJob, painted: StockPicture) -> bool:
        running = picture_is(job.picture) & status_is(StockStatus.RUNNING)
        try:
            with TransactWrite(connection=self._connection) as transaction:
                transaction.delete(
                    StockRow(*JOB),
                    condition=running & (StockRow.claimed_by == job.claimed_by),
                )
                transaction.save(picture_row(painted), condition=StockRow.id.does_not_exist())
        except TransactWriteError as error:
            return moved_on(error)
        return True

    # --- Handing out ------------------------------------------------------------------------

    def shelf(self, suggestion: str) -> Shelf:
        # "asked#…" sorts before "ready#…", "taken#…" behind "sample".
        found = [
            picture_of(row)
            for row in StockRow.query(suggestion, StockRow.id.between(_READY, SAMPLE))
            if row.status == StockStatus.READY.value
        ]
        sample = next((one for one in found if one.is_sample), None)
        return Shelf(sample, tuple(one for one in found if not one.is_sample))

    def ready(self, suggestion: str) -> list[StockPicture]:
        begins = StockRow.id.startswith(_READY)
        found = StockRow.query(suggestion, begins, consistent_read=True)
        return [picture_of(row) for row in found if row.status == StockStatus.READY.value]

    def taken_for(self, suggestion: str, folder: str) -> StockPicture | None:
        row = read_row(StockRow, suggestion, taken_name(folder))
        return None if row is None else picture_of(row)

    def take(self, picture: StockPicture, folder: str, until: datetime) -> StockPicture | None:
        taken = replace(
            picture,
            name=taken_name(folder),
            status=StockStatus.TAKEN,
            until=until,
            folder=folder,
        )
        if picture.status is StockStatus.TAKEN:
            longer: list[Action] = [StockRow.until.set(columns.epoch(until))]
            row, as_read = StockRow(taken.suggestion, taken.name), still(picture)
            return taken if updated(row, longer, as_read) else None
        return taken if self._renamed(picture, taken) else None

    def give_up(self, taken: StockPicture, now: datetime) -> None:
        at_once: list[Action] = [StockRow.until.set(columns.epoch(now))]
        row, as_read = StockRow(taken.suggestion, taken.name), still(taken)
        updated(row, at_once, as_read)

    def asked(self, suggestion: str, now: datetime) -> None:
        day = quota.day_of(now)
        expires_at = rows.counter_expires_at(day)
        StockRow(suggestion, f"{_ASKED}{day}").update(
            [StockRow.used.add(1), StockRow.expires_at.set(expires_at)]
        )

    # --- Keeping ----------------------------------------------------------------------------

    def everything(self, now: datetime) -> StockRows:
        job: StockJob | None = None
        pictures: list[StockPicture] = []
        asked: dict[str, int] = {}
        since = quota.day_of(now - _COUNTED_FOR + timedelta(days=1))
        for row in StockRow.scan(consistent_read=True):
            if row.job is not None:
                job = job_of(row)
            elif row.image is not None:
                pictures.append(picture_of(row))
            elif row.id.startswith(_ASKED) and row.id.removeprefix(_ASKED) >= since:
                asked[row.suggestion] = asked.get(row.suggestion, 0) + int(row.used or 0)
        return StockRows(job, tuple(pictures), asked)

    def hold(self, taken: StockPicture, until: datetime) -> StockPicture | None:
        held = replace(taken, until=until, status=StockStatus.HELD)
        actions: list[Action] = [
            StockRow.until.set(columns.epoch(until)),
            StockRow.status.set(StockStatus.HELD.value),
        ]
        row, as_read = StockRow(taken.suggestion, taken.name), still(taken)
        return held if updated(row, actions, as_read) else None

    def put_back(self, held: StockPicture) -> bool:
        ready = replace(
            held,
            name=ready_name(held.image.id),
            status=StockStatus.READY,
            until=None,
            folder=None,
        )
        return self._renamed(held, ready)

    def spend(self, picture: StockPicture) -> StockPicture | None:
        spent: list[Action] = [StockRow.status.set(StockStatus.SPENT.value)]
        row, as_read = StockRow(picture.suggestion, picture.name), still(picture)
        if not updated(row, spent, as_read):
            return None
        return replace(picture, status=StockStatus.SPENT)

    def remove(self, spent: StockPicture) -> None:
        row = StockRow(spent.suggestion, spent.name)
        deleted(row, status_is(StockStatus.SPENT))

    def _renamed(self, before: StockPicture, after: StockPicture) -> bool:
        """A picture in another row, which nobody has meanwhile."""
        try:
            with TransactWrite(connection=self._connection) as transaction:
                row = StockRow(before.suggestion, before.name)
                transaction.delete(row, condition=still(before))
                transaction.save(picture_row(after), condition=StockRow.id.does_not_exist())
        except TransactWriteError as error:
            return moved_on(error)
        return True
