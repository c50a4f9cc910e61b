"""A connection's first frame: it is registered for live frames, then brought level.

Registered first, read afterwards: what commits in between is posted by its writer, who reads
the list of connections once more, and is in the replay as well; the client drops doubles by
`seq`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage import frames
from afterimage.domain.callers import Caller
from afterimage.domain.connections import gets_frames_until
from afterimage.ports.channel import Push
from afterimage.ports.connections import ConnectionRegistry, WaitingRoom
from afterimage.ports.system import Clock
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.replay_events import Replay, ReplayEvents

_SEND_WITHIN = timedelta(seconds=20)
_GONE = frames.account_deleted(0)  # whoever opened this had a ticket from before


class ResumeChannel:
    def __init__(
        self,
        registry: ConnectionRegistry,
        waiting: WaitingRoom,
        limit: LimitConnections,
        replay: ReplayEvents,
        push: Push,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._waiting = waiting
        self._limit = limit
        self._replay = replay
        self._push = push
        self._clock = clock

    def admits(self, caller: Caller, connection_id: str) -> bool:
        """Whether the connection's token still counts; if not, it is told so and closed."""
        if caller.is_in_time(self._clock.now()):
            return True
        seq = self._registry.read(caller.user_id).seq
        told = frames.error(seq, "token_expired", "The access token of this connection has ended.")
        self._dismiss(caller.user_id, connection_id, told)
        return False

    def resume(self, caller: Caller, connection_id: str, after: int | None) -> None:
        """Register the connection and send it what it missed, then `resumed`, `more` or `reset`."""
        user_id, now = caller.user_id, self._clock.now()
        until = gets_frames_until(caller.until, now)
        self._registry.register(user_id, connection_id, now, until)
        channel = self._registry.read(user_id)
        if channel.deleted:
            self._dismiss(user_id, connection_id, _GONE)
            return
        if not self._limit.make_room(channel, connection_id):
            return
        replay = self._replay(channel, after)
        texts = [frames.encode(frame) for frame in replay.frames]
        texts.append(frames.encode(_closing(replay)))
        self._send(user_id, connection_id, texts)
        self._waiting.leave(user_id, connection_id)

    def pong(self, user_id: str, connection_id: str) -> None:
        """Answer a ping with where the channel is."""
        channel = self._registry.read(user_id)
        if channel.deleted:
            self._dismiss(user_id, connection_id, _GONE)
            return
        if self._limit.may_stay(channel, connection_id):
            if connection_id in channel.visible:
                self.look(user_id, connection_id, is_looking=True)
            pong = frames.system_frame("pong", channel.seq)
            self._send(user_id, connection_id, [frames.encode(pong)])

    def look(self, user_id: str, connection_id: str, *, is_looking: bool) -> None:
        """Somebody looks at the client of a connection, as of now, or does so no more."""
        self._registry.look(user_id, connection_id, self._clock.now() if is_looking else None)

    def complain(
        self, user_id: str, connection_id: str, code: frames.ErrorCode, message: str
    ) -> None:
        """Answer a frame that cannot be understood."""
        channel = self._registry.read(user_id)
        if channel.deleted:
            self._dismiss(user_id, connection_id, _GONE)
            return
        complaint = frames.error(channel.seq, code, message)
        self._send(user_id, connection_id, [frames.encode(complaint)])

    def leave(self, user_id: str, connection_id: str) -> None:
        """Forget a connection that has closed."""
        self._registry.forget(user_id, connection_id)
        self._waiting.leave(user_id, connection_id)

    def _dismiss(self, user_id: str, connection_id: str, told: frames.ErrorFrame) -> None:
        self._push.post(connection_id, [frames.encode(told)], self._until())
        self._push.close(connection_id)
        self._registry.forget(user_id, connection_id)

    def _send(self, user_id: str, connection_id: str, texts: list[str]) -> None:
        if not self._push.post(connection_id, texts, self._until()):
            self._push.close(connection_id)
            self._registry.forget(user_id, connection_id)

    def _until(self) -> datetime:
        return self._clock.now() + _SEND_WITHIN


def _closing(replay: Replay) -> frames.SystemFrame:
    if replay.reset:
        return frames.system_frame("reset", replay.seq)
    return frames.system_frame("more" if replay.more else "resumed", replay.seq)
