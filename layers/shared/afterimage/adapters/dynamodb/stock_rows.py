"""The stock's rows, their conditions, and what became of a write."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns, slots
from afterimage.adapters.dynamodb.contention import BUSY
from afterimage.adapters.dynamodb.tables import StockRow
from afterimage.domain.stock import StockJob, StockPicture, StockStatus

# The row of the one job, and what names those of calls.
JOB = ("painting", "job")
CALLS = "calls"
# What says of a transaction that it found another state than it was made for.
_MOVED_ON = frozenset(
    {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"}
    | {"ProvisionedThroughputExceeded"}
)


def job_row(job: StockJob) -> StockRow:
    asked = {
        "suggestion": job.suggestion,
        "name": job.name,
        "text": job.text,
        "aspect_ratio": job.aspect_ratio,
        "day": job.day,
        "ordered_at": columns.timestamp(job.ordered_at),
    }
    return StockRow(
        *JOB,
        picture=job.picture,
        job=asked,
        status=job.status.value,
        until=columns.epoch(job.until),
        claimed_by=job.claimed_by,
    )


def job_of(row: StockRow) -> StockJob:
    asked = row.job or {}
    return StockJob(
        suggestion=asked["suggestion"],
        picture=row.picture or "",
        name=asked["name"],
        text=asked["text"],
        aspect_ratio=asked["aspect_ratio"],
        day=asked["day"],
        ordered_at=columns.time_of(asked["ordered_at"]),
        until=datetime.fromtimestamp(row.until or 0, UTC),
        status=StockStatus(row.status or ""),
        claimed_by=row.claimed_by,
    )


def picture_row(picture: StockPicture) -> StockRow:
    return StockRow(
        picture.suggestion,
        picture.name,
        picture=picture.image.id,
        image=slots.stored_image(picture.image),
        model=picture.model,
        cost_nano_usd=picture.cost_nano_usd,
        status=picture.status.value,
        until=None if picture.until is None else columns.epoch(picture.until),
        folder=picture.folder,
    )


def picture_of(row: StockRow) -> StockPicture:
    return StockPicture(
        suggestion=row.suggestion,
        name=row.id,
        image=slots.image_of(row.image or {}),
        model=row.model or "",
        cost_nano_usd=int(row.cost_nano_usd or 0),
        status=StockStatus(row.status or ""),
        until=None if row.until is None else datetime.fromtimestamp(row.until, UTC),
        folder=row.folder,
    )


def status_is(status: StockStatus) -> Condition:
    so: Condition = StockRow.status == status.value
    return so


def picture_is(picture: str) -> Condition:
    so: Condition = StockRow.picture == picture
    return so


def still(picture: StockPicture) -> Condition:
    """The row is as it was when the move was decided."""
    at = StockRow.until
    same = at.does_not_exist() if picture.until is None else at == columns.epoch(picture.until)
    as_decided: Condition = picture_is(picture.image.id) & status_is(picture.status) & same
    return as_decided


def spent(taken: StockPicture) -> tuple[StockRow, list[Action], Condition]:
    """The write that hands a picture over: row, actions and condition."""
    row = StockRow(taken.suggestion, taken.name)
    # Whoever repeats a request takes it longer, and means the same.
    ours = picture_is(taken.image.id) & status_is(StockStatus.TAKEN)
    return row, [StockRow.status.set(StockStatus.SPENT.value)], ours


def moved_on(error: TransactWriteError) -> bool:
    """False where a transaction met another state than it was made for; raises what is else."""
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    if codes & _MOVED_ON or error.cause_response_code in BUSY:
        return False
    raise error
