"""When functions were last warmed for a user, and when something of theirs last ran."""

from __future__ import annotations

from datetime import datetime

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.conditional import saved
from afterimage.adapters.dynamodb.tables import ChannelRow, EventRow

_WARMED = "warmed"  # sorts behind "ticket#", so that it is not read with the channel


class DynamoDbWarmings:
    """Implements `WarmingStore`."""

    def ran_at(self, user_id: str) -> datetime | None:
        for row in EventRow.query(user_id, scan_index_forward=False, limit=1):
            return datetime.fromisoformat(row.created_at)
        return None

    def begin(self, user_id: str, now: datetime, until: datetime) -> bool:
        row = ChannelRow(user_id, _WARMED, expires_at=columns.epoch(until))
        over = ChannelRow.expires_at <= columns.epoch(now)
        return saved(row, ChannelRow.entry.does_not_exist() | over)
