"""Whoever has a valid access token, and how long that is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# By how much clocks may differ, for a token's `iat`, `nbf` and `exp` alike.
LEEWAY = timedelta(seconds=60)


@dataclass(frozen=True)
class Caller:
    """Attributes: until: the token's end, by the issuer's clock."""

    user_id: str
    until: datetime

    def is_in_time(self, now: datetime) -> bool:
        """Whether the token still counts."""
        return now <= self.until + LEEWAY
