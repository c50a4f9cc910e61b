"""How many connections one user holds, kept at a cost that does not grow with their number.

Whoever comes closes a few at most: of those that never resumed, and of those that are beyond the
limit. So a crowd costs what its members cost, and closes itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage import frames
from afterimage.domain.channels import Channel
from afterimage.domain.connections import is_pushed_out, pushed_out_by, too_many
from afterimage.ports.channel import Push
from afterimage.ports.connections import ConnectionRegistry, WaitingRoom
from afterimage.ports.system import Clock

_RESUMES_WITHIN = timedelta(seconds=30)
_CLOSED_AT_ONCE = 2
_TELL_WITHIN = timedelta(seconds=2)


class LimitConnections:
    def __init__(
        self, registry: ConnectionRegistry, waiting: WaitingRoom, push: Push, clock: Clock
    ) -> None:
        self._registry = registry
        self._waiting = waiting
        self._push = push
        self._clock = clock

    def enter(self, user_id: str, connection_id: str) -> None:
        """A connection has opened; until it resumes it gets nothing."""
        self._waiting.enter(user_id, connection_id, self._clock.now())
        self.close_unresumed(user_id)

    def close_unresumed(self, user_id: str) -> None:
        """Close two at most that had half a minute to resume and did not."""
        before = self._clock.now() - _RESUMES_WITHIN
        for connection_id in self._waiting.some(user_id, before, _CLOSED_AT_ONCE):
            if self._waiting.leave(user_id, connection_id):
                self._push.close(connection_id)

    def make_room(self, channel: Channel, connection_id: str) -> bool:
        """Close two at most that this connection is too many for; whether it may stay itself.

        One is its own doing. Where many come at once, not all have seen each other: a second look
        finds who is left over.

        Args:
            channel: read after the connection was registered.
        """
        if not self.may_stay(channel, connection_id):
            return False
        if not too_many(channel):
            return True
        for one in pushed_out_by(channel, connection_id):
            self._replace(channel, one)
        return self._look_again(channel.user_id, connection_id)

    def _look_again(self, user_id: str, connection_id: str) -> bool:
        channel = self._registry.read(user_id)
        if not self.may_stay(channel, connection_id):
            return False
        for one in too_many(channel)[:1]:
            self._replace(channel, one)
        return True

    def may_stay(self, channel: Channel, connection_id: str) -> bool:
        """Whether no newer connections have taken its place; if so, it is told and closed."""
        if not is_pushed_out(channel, connection_id):
            return True
        self._replace(channel, connection_id)
        return False

    def _replace(self, channel: Channel, connection_id: str) -> None:
        """By one of those who find it too many at the same time."""
        if not self._registry.take(channel.user_id, connection_id):
            return
        if connection_id not in channel.ended:
            self._push.post(connection_id, [_replaced(channel.seq)], self._until())
        self._push.close(connection_id)

    def _until(self) -> datetime:
        return self._clock.now() + _TELL_WITHIN


def _replaced(seq: int) -> str:
    sentence = "A newer connection has taken this one's place."
    return frames.encode(frames.error(seq, "replaced", sentence))
