"""Whose transaction comes next, where several of one user come at once.

Each changes the same counter row, so of those that run at a time one is committed and the others
were in vain. Who has lost a race draws a number, and tries again when all but one of the numbers
before it have had their turn, which each commit notes in the counter row. So a crowd takes turns
instead of losing to one another by chance. Two try at a time: while one commits, the other reads.

It is politeness alone: `seq` decides. Who has no number yet may come in between. If nothing is
heard for 300 ms (or for five turns, where those take longer), who waits tries all the same, and
passes over the one that is next, which has died or is late.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from afterimage.domain.channels import Channel
from afterimage.domain.served import Served
from afterimage.ports.channel import ChannelStore
from afterimage.ports.system import Clock

# Where turns are slow because everything is, more of them side by side make up for it.
_AT_A_TIME, _AT_MOST_AT_A_TIME = 2, 8
_SLOW = timedelta(milliseconds=50)
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
        self._passes_over = False  # who is next, because nothing was heard of anybody

    def lost_to_others(self, channel: Channel) -> None:
        """A race is lost: from now on it waits for its turn."""
        if self.number is None:
            self.number = self._store.draw(channel, self._clock.now())

    def read(self) -> Channel:
        """The channel, as soon as it is its turn."""
        self._passes_over, asked = False, self._clock.now()
        channel = self._store.read(self._user_id)
        began = heard = self._clock.now()  # of somebody who had a turn
        first, at_least = channel.served.count, max(_A_TURN, 3 * (began - asked))
        while self.number is not None:
            now, served = self._clock.now(), channel.served.count - first
            a_turn = max((now - began) / served, _A_TURN) if served > 0 else at_least
            before = channel.served.waiting_before(self.number) - _at_a_time(a_turn) + 1
            if before <= 0:
                break
            silence = max(_SILENCE, 5 * a_turn) + min(before * _APART, _AT_MOST_APART)
            ends = min(self._until, heard + silence)
            if now >= ends:
                self._passes_over = True
                break
            later = (before - 1) * a_turn + max(a_turn / 3, _ASK_AGAIN)
            self._sleep(min(later, ends - now))
            channel, known = self._store.read(self._user_id), channel.served
            if channel.served != known:
                heard = self._clock.now()
        return channel

    def served(self, channel: Channel) -> Served | None:
        """Which numbers have had their turn when it is committed."""
        if self.number is None:
            return None
        if self._passes_over:
            return channel.served.and_also(channel.served.upto + 1, self.number)
        return channel.served.and_also(self.number)

    def give_up(self) -> None:
        """It will not be committed: the next one need not wait for it."""
        if self.number is not None:
            self._store.serve(self._user_id, self.number)

    def _sleep(self, at_most: timedelta) -> None:
        longest = at_most.total_seconds()
        self._clock.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter


def _at_a_time(a_turn: timedelta) -> int:
    return min(_AT_A_TIME + a_turn // _SLOW, _AT_MOST_AT_A_TIME)
