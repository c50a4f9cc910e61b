"""Whose transaction comes next, where several of one user come at once.

Each changes the same counter row, so of those that run at a time one is committed and the others
were in vain. Who has lost a race draws a number, and tries again when all but one of the numbers
before it have been served, which each commit writes into the counter row. So a crowd takes turns
instead of losing to one another by chance. Two try at a time: while one commits, the other reads.

It is politeness alone: `seq` decides. Who has no number yet may come in between, and numbers whose
holder has died are passed over in 300 ms.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from afterimage.domain.entities import Channel
from afterimage.ports.channel import ChannelStore
from afterimage.ports.system import Clock

_AT_A_TIME = 2
# One read and one transaction, until it is known how long they take.
_A_TURN = timedelta(milliseconds=10)
_ASK_AGAIN = timedelta(milliseconds=6)
# Without a number served: the next of those who wait tries, and soon the one behind it.
_SILENCE = timedelta(milliseconds=300)
_APART = timedelta(milliseconds=30)
_AT_MOST_APART = timedelta(seconds=2)


class Place:
    """The place of one transaction among the others of its user.

    Args:
        until: when waiting ends, whoever is before it.
    """

    def __init__(self, store: ChannelStore, clock: Clock, user_id: str, until: datetime) -> None:
        self._store = store
        self._clock = clock
        self._user_id = user_id
        self._until = until
        self.number: int | None = None  # none as long as it has not lost

    def lost_to_others(self, channel: Channel) -> None:
        """A race is lost: from now on it waits for its turn."""
        if self.number is None:
            self.number = self._store.draw(channel, self._clock.now())

    def read(self) -> Channel:
        """The channel, as soon as it is its turn."""
        channel = self._store.read(self._user_id)
        first, began = channel.served, self._clock.now()
        heard = began  # that a number was served
        while (before := self._before(channel)) > 0:
            now = self._clock.now()
            served = channel.served - first
            a_turn = (now - began) / served if served > 0 else _A_TURN
            silence = max(_SILENCE, 5 * a_turn) + min(before * _APART, _AT_MOST_APART)
            ends = min(self._until, heard + silence)
            if now >= ends:
                break
            later = (before - 1) * a_turn + max(a_turn / 3, _ASK_AGAIN)
            self._sleep(min(later, ends - now))
            channel, known = self._store.read(self._user_id), channel.served
            if channel.served != known:
                heard = self._clock.now()
        return channel

    def give_up(self) -> None:
        """It will not be committed: the next one need not wait for it."""
        if self.number is not None:
            self._store.serve(self._user_id, self.number)

    def _before(self, channel: Channel) -> int:
        return 0 if self.number is None else self.number - channel.served - _AT_A_TIME

    def _sleep(self, at_most: timedelta) -> None:
        longest = at_most.total_seconds()
        self._clock.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter
