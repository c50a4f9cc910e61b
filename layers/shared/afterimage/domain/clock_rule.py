"""An id that a client makes carries a time, and rows are ordered by it: its clock must be right."""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage.domain import ids
from afterimage.domain.errors import ClockSkew

_MOST_OFF_MS = timedelta(minutes=5) / timedelta(milliseconds=1)


def check(ulid: str, now: datetime) -> None:
    """Raises: ClockSkew, if the id's time is more than five minutes off."""
    if abs(now.timestamp() * 1000 - ids.milliseconds_of(ulid)) > _MOST_OFF_MS:
        raise ClockSkew(server_time=now)
