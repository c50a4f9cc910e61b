"""Warm before asked: somebody begins to write, and functions are built before the message comes.

Where something of theirs ran within five minutes, there is nothing to warm. A client may say as
often as it likes that somebody types: functions are warmed once in five minutes for a user.
"""

from __future__ import annotations

from datetime import timedelta

from afterimage.ports.system import Clock, Log
from afterimage.ports.warming import Warmer, WarmingStore

STAYS_WARM = timedelta(minutes=5)  # Lambda keeps what is idle for longer, and promises nothing


class WarmFunctions:
    def __init__(self, store: WarmingStore, warmer: Warmer, clock: Clock, log: Log) -> None:
        self._store = store
        self._warmer = warmer
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str) -> None:
        """This user has begun to write."""
        now = self._clock.now()
        ran_at = self._store.ran_at(user_id)
        if ran_at is not None and now - ran_at < STAYS_WARM:
            return
        if self._store.begin(user_id, now, now + STAYS_WARM):
            self._log.info("websocket_warms")
            self._warmer.warm()
