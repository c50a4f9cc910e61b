"""An id that a client makes carries a time, and rows are ordered by it: its clock must be right."""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage.domain import ids
from afterimage.domain.errors import ClockSkew

MOST_OFF = timedelta(minutes=5)


def check(ulid: str, now: datetime) -> None:
    """Raises: ClockSkew, if the id's time is more than five minutes off."""
    off_ms = abs(now.timestamp() * 1000 - ids.milliseconds_of(ulid))
    if off_ms > MOST_OFF / timedelta(milliseconds=1):
        raise ClockSkew(server_time=now)
