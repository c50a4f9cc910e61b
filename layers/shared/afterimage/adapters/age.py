"""How old a thing is that is kept between the invocations of a sandbox."""

from __future__ import annotations


def is_fresh(since: float, now: float, max_age_s: float) -> bool:
    """Whether what was read at `since` is at most `max_age_s` old at `now`.

    Both are the wall clock's seconds (`time.time`). A monotonic clock may stand still while a
    sandbox is frozen, and five minutes would be hours. The wall clock may be set back instead:
    what seems to be read in the future is of unknown age, so it is not fresh.
    """
    return 0 <= now - since <= max_age_s
