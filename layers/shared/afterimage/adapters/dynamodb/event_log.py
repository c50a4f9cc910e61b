"""The references of events, as a replay reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from afterimage.adapters.dynamodb import rows
from afterimage.adapters.dynamodb.settled import read_settled
from afterimage.adapters.dynamodb.tables import COUNTER, ChannelRow, EventRow
from afterimage.domain.events import EventReference


class DynamoDbEventLog:
    """Implements `EventLog`."""

    def latest(self, user_id: str, limit: int, now: datetime) -> list[EventReference]:
        found = EventRow.query(user_id, scan_index_forward=False, consistent_read=True, limit=limit)
        return [rows.reference_of(row, now) for row in found]

    def after(self, user_id: str, seq: int, limit: int, now: datetime) -> list[EventReference]:
        found = EventRow.query(user_id, EventRow.seq > seq, consistent_read=True, limit=limit)
        return [rows.reference_of(row, now) for row in found]

    def settled(
        self, user_id: str, numbers: Sequence[int], now: datetime
    ) -> tuple[int, list[EventReference]]:
        counter, *found = read_settled(
            [(ChannelRow, user_id, COUNTER), *((EventRow, user_id, number) for number in numbers)]
        )
        seq = 0 if counter is None else int(counter.seq or 0)
        return seq, [rows.reference_of(row, now) for row in found if row is not None]
