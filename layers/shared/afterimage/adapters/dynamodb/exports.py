"""Everything of a user, in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

from afterimage.adapters.dynamodb import columns, rows, uploads
from afterimage.adapters.dynamodb.tables import PINS, ChatRow, LedgerRow
from afterimage.domain.chats import Chat
from afterimage.domain.deletions import is_deletion
from afterimage.domain.ledger import EntryKind, LedgerEntry

_AT_ONCE = 100  # rows


class DynamoDbExport:
    """Implements `ExportReader`."""

    def chats(self, user_id: str, after: str | None) -> Iterator[Chat]:
        found = ChatRow.query(
            user_id,
            ChatRow.chat_id > (after or PINS),  # which sorts before all chats
            filter_condition=ChatRow.deleting.does_not_exist(),
            consistent_read=True,
            page_size=_AT_ONCE,
        )
        return (rows.chat_of(row) for row in found)

    def ledger(self, user_id: str, after: str | None) -> Iterator[LedgerEntry]:
        found = LedgerRow.query(
            user_id,
            None if after is None else LedgerRow.entry > after,
            consistent_read=True,
            page_size=_AT_ONCE,
        )
        return (_entry_of(row) for row in found if not is_deletion(row.entry))


def _entry_of(row: LedgerRow) -> LedgerEntry:
    kind = EntryKind.UPLOAD if row.kind == uploads.KIND else EntryKind.PICTURE
    if "#" in row.entry:
        kind = EntryKind.DAY
    return LedgerEntry(
        row.entry,
        kind,
        created_at=columns.time_of(row.created_at) if row.created_at else None,
        ended_at=columns.time_of(row.ended_at) if row.ended_at else None,
        status=row.status,
        chat_id=row.chat_id,
        message_id=row.message_id,
        prompt=row.prompt,
        model=row.model,
        image_size=row.image_size,
        pictures=None if row.pictures is None else int(row.pictures),
        nano_usd=None if row.cost_nano_usd is None else int(row.cost_nano_usd),
        error_code=row.error_code,
        sha256=row.sha256,
        used=None if row.used is None else int(row.used),
    )
