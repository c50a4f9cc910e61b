"""How a function divides the time it has."""

from __future__ import annotations

from datetime import datetime, timedelta

_SHARE = 4  # at most a quarter of the time is kept, so that a short-lived function asks at all


def keeping(kept: timedelta, now: datetime, until: datetime) -> datetime:
    """Until when to ask others, so that `kept` is left of the time until `until`."""
    return until - min(kept, (until - now) / _SHARE)
