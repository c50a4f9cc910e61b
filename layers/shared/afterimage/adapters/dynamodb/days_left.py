"""What a user's day has room for, in one round trip."""

from __future__ import annotations

from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.adapters.dynamodb.together import read_rows
from afterimage.domain.limits import DailyLimits


class DynamoDbDaysLeft:
    """Implements `DaysLeft`."""

    def has_room(self, user_id: str, day: str, limits: DailyLimits) -> bool:
        most = {f"quota#{day}": limits.daily_images, f"messages#{day}": limits.daily_messages}
        used = {row.entry: int(row.used or 0) for row in read_rows(LedgerRow, user_id, [*most])}
        return all(used.get(counter, 0) < limit for counter, limit in most.items())
