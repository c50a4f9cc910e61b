"""What is open or due of all users, by the index of both tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.tables import (
    ChannelRow,
    LedgerRow,
    MessageRow,
)
from afterimage.ports.keeping import MessageKey


class DynamoDbDueIndex:
    """Implements `DueIndex`."""

    def open_messages(
        self, partition: int, due_by: datetime
    ) -> Iterator[tuple[MessageKey, datetime]]:
        due = MessageRow.deadline < columns.epoch(due_by)
        for row in MessageRow.open_messages.query(columns.partition(partition), due):
            user_id, _, chat_id = row.user_id_chat_id.rpartition("#")
            deadline = datetime.fromtimestamp(row.deadline or 0, UTC)
            yield MessageKey(user_id, chat_id, row.message_id), deadline

    def open_of(self, user_id: str) -> Iterator[MessageKey]:
        for row in MessageRow.open_messages.query(columns.open_partition(user_id)):
            owner, _, chat_id = row.user_id_chat_id.rpartition("#")
            if owner == user_id:
                yield MessageKey(user_id, chat_id, row.message_id)

    def users_with_open(self, part: int, parts: int) -> Iterator[str]:
        # What has no such attribute is "not 0", too.
        counters = ChannelRow.open.exists() & (ChannelRow.open != 0)
        for row in ChannelRow.scan(counters, segment=part, total_segments=parts):
            yield row.user_id

    def due_removals(self, partition: int, now: datetime) -> Iterator[tuple[str, str]]:
        due = LedgerRow.purge_at <= columns.epoch(now)
        for row in LedgerRow.open_purges.query(columns.partition(partition), due):
            yield row.user_id, row.entry
