"""When functions were warmed, in memory."""

from __future__ import annotations

from datetime import datetime

from tests.support.in_memory import InMemoryTables


class InMemoryWarmings:
    """Implements `WarmingStore`."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._tables = tables
        self._until: dict[str, datetime] = {}

    def ran_at(self, user_id: str) -> datetime | None:
        with self._tables.lock:
            events = self._tables.rows.events.items()
            mine = {seq: at for (user, seq), (_, at) in events if user == user_id}
        return mine[max(mine)] if mine else None

    def begin(self, user_id: str, now: datetime, until: datetime) -> bool:
        with self._tables.lock:
            if user_id in self._until and self._until[user_id] > now:
                return False
            self._until[user_id] = until
            return True
