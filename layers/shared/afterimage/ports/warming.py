"""What warming functions before they are asked needs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class WarmingStore(Protocol):
    def ran_at(self, user_id: str) -> datetime | None:
        """When the user's last event was, which functions of theirs had brought about."""

    def begin(self, user_id: str, now: datetime, until: datetime) -> bool:
        """Note that functions are warmed now; whether none were in a time that is not over.

        Of many at once, one is told so.
        """


class Warmer(Protocol):
    def warm(self) -> None:
        """Have the functions built that a message needs, without waiting. Raises nothing."""
