"""Pictures that somebody brings, as rows of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.adapters.dynamodb.together import read_row
from afterimage.domain.uploads import Upload, UploadStatus

KIND = "upload"


class DynamoDbUploads:
    """Implements `UploadStore`."""

    def get(self, user_id: str, image_id: str) -> Upload | None:
        row = read_row(LedgerRow, user_id, image_id)
        return None if row is None or row.kind != KIND else upload_of(row)

    def move(self, user_id: str, before: Upload, after: Upload) -> bool:
        return updated(LedgerRow(user_id, before.id), actions(user_id, after), still(before))


def upload_row(user_id: str, upload: Upload) -> LedgerRow:
    """One that is running."""
    return LedgerRow(
        user_id,
        upload.id,
        kind=KIND,
        sha256=upload.sha256,
        quota_day=upload.quota_day,
        created_at=columns.timestamp(upload.created_at),
        claimed_by=upload.claimed_by,
        status=upload.status.value,
        purge_at=columns.epoch(upload.purge_at) if upload.purge_at else None,
        open=columns.open_partition(user_id) if upload.purge_at else None,
    )


def upload_of(row: LedgerRow) -> Upload:
    return Upload(
        id=row.entry,
        sha256=row.sha256 or "",
        quota_day=row.quota_day or "",
        created_at=columns.time_of(row.created_at or ""),
        claimed_by=row.claimed_by or "",
        status=UploadStatus(row.status or ""),
        ended_at=columns.time_of(row.ended_at) if row.ended_at else None,
        error_code=row.error_code,
        purge_at=None if row.purge_at is None else datetime.fromtimestamp(row.purge_at, UTC),
    )


def still(before: Upload) -> Condition:
    """The row is as it was when the move was decided."""
    at = LedgerRow.purge_at
    same = at.does_not_exist() if before.purge_at is None else at == columns.epoch(before.purge_at)
    as_decided: Condition = (LedgerRow.status == before.status.value) & same
    return as_decided


def actions(user_id: str, after: Upload) -> list[Action]:
    """Writes everything a move may change."""
    written: list[Action] = [
        LedgerRow.status.set(after.status.value),
        LedgerRow.claimed_by.set(after.claimed_by),
    ]
    if after.ended_at is None:
        written.append(LedgerRow.ended_at.remove())
    else:
        written.append(LedgerRow.ended_at.set(columns.timestamp(after.ended_at)))
    if after.error_code is None:
        written.append(LedgerRow.error_code.remove())
    else:
        written.append(LedgerRow.error_code.set(after.error_code))
    if after.purge_at is None:
        written += [LedgerRow.purge_at.remove(), LedgerRow.open.remove()]
    else:
        written.append(LedgerRow.purge_at.set(columns.epoch(after.purge_at)))
        written.append(LedgerRow.open.set(columns.open_partition(user_id)))
    return written
