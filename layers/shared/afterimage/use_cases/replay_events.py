"""Brings a client level: every event it missed, in order, each with its row as it is now.

Counter, log and rows are read one after the other, beside the transactions that write them. What
is missing among the youngest may only not be seen yet, so it is asked for once more, by a read
that sees whole transactions. Where that is turned away the run ends, and the client asks again
from there; nothing is told of which that read was not sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from afterimage import frames
from afterimage.domain.channels import Channel
from afterimage.domain.errors import Busy
from afterimage.domain.events import EventReference
from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ImageUrls
from afterimage.ports.events import EventLog
from afterimage.ports.system import Clock, Metrics
from afterimage.use_cases.current_events import CurrentEvents

PAGE = 200
# Events that may be asked for once more: those of two or three transactions.
_SEEN_LATE = 9
# Among the newest; more than a user's tabs and answers commit while a transaction settles.
_UNSETTLED = 20


@dataclass(frozen=True)
class Replay:
    """What to send.

    Attributes:
        seq: the client is level with this once it has the frames.
        more: whether it has to ask again from there.
        reset: nothing can be replayed; the client reads a snapshot.
    """

    frames: Sequence[frames.BroadcastFrame]
    seq: int
    more: bool = False
    reset: bool = False


class ReplayEvents:
    def __init__(
        self,
        log: EventLog,
        current: CurrentEvents,
        urls: ImageUrls,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._log = log
        self._current = current
        self._urls = urls
        self._clock = clock
        self._metrics = metrics

    def __call__(self, channel: Channel, after: int | None) -> Replay:
        """Events with numbers over `after`, at most 200; with None only where the channel is."""
        if after is None:
            return Replay((), self._settled_seq(channel))
        try:
            seq, run = self._run(channel, after)
        except Busy:
            return Replay((), after, more=after != channel.seq)
        if run:
            return self._replay(channel.user_id, run, seq)
        if after == seq:
            return Replay((), seq)
        self._metrics.add(Metric.RESETS)
        return Replay((), self._settled_seq(channel), reset=True)

    def frames(
        self, user_id: str, references: Sequence[EventReference]
    ) -> list[frames.BroadcastFrame]:
        """The frames of these events, each with its row as it is now.

        An event that says nothing yet is left out; who misses it asks for it.
        """
        now = self._clock.now()
        events = zip(references, self._current(user_id, references), strict=True)
        return [
            frames.broadcast(event, reference.seq, self._urls, now)
            for reference, event in events
            if event is not None
        ]

    def _run(self, channel: Channel, after: int) -> tuple[int, Sequence[EventReference]]:
        """Where the channel is, and what follows `after` without a hole.

        Raises:
            Busy: it cannot be said yet whether anything does.
        """
        user_id, now = channel.user_id, self._clock.now()
        read = self._log.after(user_id, after, PAGE, now) if after < channel.seq else ()
        run = _unbroken(read, after)
        level = after + len(run)
        if after < channel.seq <= level or len(run) == PAGE:
            return channel.seq, run
        unseen = range(level + 1, min(level + _SEEN_LATE, channel.seq) + 1)
        try:
            seq, late = self._log.settled(user_id, unseen, now)
        except Busy:
            if not run:
                raise
            return channel.seq, run
        if channel.seq <= after < seq:  # the counter was seen late
            return self._run(replace(channel, seq=seq), after)
        known = {reference.seq: reference for reference in [*read, *late]}
        return seq, _unbroken([known[number] for number in sorted(known)], after)

    def _replay(self, user_id: str, run: Sequence[EventReference], seq: int) -> Replay:
        """The run as far as its events say something; what follows is asked for again."""
        said = self.frames(user_id, run)
        # Behind the first that says nothing no two of them are of one number.
        sent = [frame for frame, event in zip(said, run, strict=False) if frame["seq"] == event.seq]
        level = run[len(sent)].seq - 1 if len(sent) < len(run) else run[-1].seq
        if sent:
            self._metrics.add(Metric.REPLAYS)
        return Replay(tuple(sent), level, more=level < seq)

    def _settled_seq(self, channel: Channel) -> int:
        """Up to where a snapshot that is read from now on lacks nothing."""
        newest = self._log.latest(channel.user_id, _UNSETTLED, self._clock.now())
        recent = [reference for reference in newest if reference.recent]
        try:
            self._current.settle(channel.user_id, recent)
        except Busy:
            return min(channel.seq, recent[-1].seq - 1)
        return channel.seq


def _unbroken(references: Sequence[EventReference], after: int) -> Sequence[EventReference]:
    """The references that follow `after` without a hole and are not too old."""
    length = 0
    for reference in references:
        if reference.seq != after + length + 1 or reference.expired:
            break
        length += 1
    return references[:length]
