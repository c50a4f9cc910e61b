"""A move of an image job as an update of its ledger row: the same alone or in a transaction."""

from __future__ import annotations

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns, rows
from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.domain.jobs import Job


def still(before: Job) -> Condition:
    """The row is as it was when the move was decided."""
    as_decided: Condition = (LedgerRow.status == before.status.value) & (
        LedgerRow.attempt == before.attempt
    )
    return as_decided


def inserted(user_id: str, job: Job) -> LedgerRow:
    """A job that is stored, which may have ended already."""
    row = rows.job_row(user_id, job)
    row.started_at = columns.timestamp(job.started_at) if job.started_at else None
    row.ended_at = columns.timestamp(job.ended_at) if job.ended_at else None
    row.price_usd = job.price_usd
    return row


def actions(user_id: str, after: Job) -> list[Action]:
    """Writes everything a move may change."""
    written: list[Action] = [
        LedgerRow.status.set(after.status.value),
        LedgerRow.attempt.set(after.attempt),
    ]
    if after.started_at is None:
        # A job that is reserved again has not started: it says whether a cancelled one is charged.
        written += [LedgerRow.started_at.remove(), LedgerRow.claimed_by.remove()]
    times = ((LedgerRow.started_at, after.started_at), (LedgerRow.ended_at, after.ended_at))
    written += [column.set(columns.timestamp(at)) for column, at in times if at is not None]
    if after.turn_at is not None:
        written.append(LedgerRow.turn_at.set(columns.timestamp(after.turn_at)))
    if after.price_usd is not None:
        written.append(LedgerRow.price_usd.set(after.price_usd))
        written.append(LedgerRow.pictures.set(after.pictures))
    if after.error_code is not None:
        written.append(LedgerRow.error_code.set(after.error_code))
    if after.purge_at is not None:
        written.append(LedgerRow.purge_at.set(columns.epoch(after.purge_at)))
        written.append(LedgerRow.open.set(columns.open_partition(user_id)))
    return written
