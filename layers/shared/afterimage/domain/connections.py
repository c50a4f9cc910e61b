"""How long a connection gets frames, and which ones make room for others."""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage.domain.channels import Channel

MAX_CONNECTIONS = 20
# API Gateway ends every connection after two hours; what is older has gone without a word.
_LONGEST = timedelta(hours=2)
# A client hears of its token's end by its next ping, which comes every four minutes; until then
# it shall miss nothing.
_AFTER_THE_TOKEN = timedelta(minutes=5)


def gets_frames_until(token_end: datetime, now: datetime) -> datetime:
    """The end of a connection that is registered now."""
    return min(now + _LONGEST, token_end + _AFTER_THE_TOKEN)


def is_pushed_out(channel: Channel, connection_id: str) -> bool:
    """Whether as many as there may be are newer."""
    return connection_id in channel.connections[:-MAX_CONNECTIONS]


def too_many(channel: Channel) -> tuple[str, ...]:
    """Those that have ended anyhow, then the oldest beyond the limit."""
    oldest_first = (*channel.ended, *channel.connections)
    return oldest_first[: max(len(channel.ended), len(oldest_first) - MAX_CONNECTIONS)]


def pushed_out_by(channel: Channel, connection_id: str) -> tuple[str, ...]:
    """Whom a connection takes the place of: the twentieth before it.

    So of many that come at once each has another one.
    """
    oldest_first = (*channel.ended, *channel.connections)
    place = oldest_first.index(connection_id) if connection_id in oldest_first else 0
    return oldest_first[place - MAX_CONNECTIONS :][:1] if place >= MAX_CONNECTIONS else ()
