"""The day a quota belongs to, and when it is full again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta


def day_of(now: datetime) -> str:
    """The UTC day of a time, `YYYY-MM-DD`."""
    return now.astimezone(UTC).date().isoformat()


def resets_at(now: datetime) -> datetime:
    """The next UTC midnight."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), UTC)


def seconds_to_reset(now: datetime) -> int:
    """Whole seconds until the next UTC midnight, rounded up."""
    return int((resets_at(now) - now).total_seconds()) + 1
