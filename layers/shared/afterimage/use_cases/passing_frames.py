"""Frames that pass: they have no number and no place in the order of events, and may be lost.

A connection gets those of one message one after another, and none behind what ends it: each post
waits for that connection's last, and all that decides what is posted happens under one lock. What
fails here costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain.metrics import Metric
from afterimage.ports.system import Log, Metrics
from afterimage.posting import NOTHING_POSTED, Posts


class PassingFrames:
    """Those of one message.

    Args:
        failed: what the log says where something fails.

    Attributes:
        changed: held by whoever decides, and told of what changes.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        user_id: str,
        message_id: str,
        failed: str,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self.changed = threading.Condition()
        self._channel = channel
        self._user_id = user_id
        self._message_id = message_id
        self._failed = failed
        self._log = log
        self._metrics = metrics
        self._posts: Posts = NOTHING_POSTED

    def post(self, frame: frames.PassingFrame, connections: Sequence[str]) -> Posts:
        """Begin to post; `changed` is held. The posts that were begun."""
        begun = self._channel.pass_on(self._user_id, connections, frame, self._posts)
        self._posts = {**self._posts, **begun}
        return begun

    def begun(self) -> Posts:
        """Each connection's last post, which may be under way."""
        with self.changed:
            return self._posts

    @contextmanager
    def costing_nothing(self) -> Iterator[None]:
        """Whatever goes wrong in the block is logged and counted, and that is all."""
        try:
            yield
        except Exception:  # noqa: BLE001 - what passes may be lost
            self._log.exception(self._failed, message_id=self._message_id)
            self._metrics.add(Metric.DEFECTS)
