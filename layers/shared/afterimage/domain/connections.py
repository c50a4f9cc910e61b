"""How long a connection gets frames."""

from __future__ import annotations

from datetime import datetime, timedelta

# API Gateway ends every connection after two hours; what is older has gone without a word.
_LONGEST = timedelta(hours=2)
# A client hears of its token's end by its next ping, which comes every four minutes; until then
# it shall miss nothing.
_AFTER_THE_TOKEN = timedelta(minutes=5)


def gets_frames_until(token_end: datetime, now: datetime) -> datetime:
    """The end of a connection that is registered now."""
    return min(now + _LONGEST, token_end + _AFTER_THE_TOKEN)
