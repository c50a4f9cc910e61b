"""Texts that are posted to connections side by side. Posting never breaks the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from datetime import datetime, timedelta
from types import MappingProxyType

from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ChannelStore, Push
from afterimage.ports.system import Clock, Log, Metrics

POST_WITHIN = timedelta(seconds=2)
# Posts that were begun, by connection.
Posts = Mapping[str, Future[None]]
NOTHING_POSTED: Posts = MappingProxyType({})


class Poster:
    """Args:
    store: forgets connections that are gone.
    executor: posts to connections side by side.
    """

    def __init__(
        self,
        store: ChannelStore,
        push: Push,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._push = push
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics

    def begin(
        self, user_id: str, connections: Sequence[str], texts: Sequence[str], after: Posts
    ) -> Posts:
        """Begin to post to each of them. A connection that is gone or deaf is closed and forgotten.

        Args:
            after: posts under way; no connection gets these texts before its own has ended.
        """
        until = self._clock.now() + POST_WITHIN
        return {
            connection: self._executor.submit(
                self._post, user_id, connection, texts, until, after.get(connection)
            )
            for connection in connections
        }

    def begin_to_close(self, user_id: str, connections: Sequence[str]) -> list[Future[None]]:
        """Begin to close and forget each of them."""
        return [self._executor.submit(self._dismissed, user_id, one) for one in connections]

    def _post(
        self,
        user_id: str,
        connection: str,
        texts: Sequence[str],
        until: datetime,
        before: Future[None] | None,
    ) -> None:
        if before is not None:
            wait([before])  # begun earlier, so it never waits for a thread behind this one
        try:
            if not self._push.post(connection, texts, until):
                self._close(user_id, connection)
        except Exception:  # noqa: BLE001 - posting never breaks the work
            self._log.exception("channel_post_failed", connection_id=connection)
            self._metrics.add(Metric.DEFECTS)

    def _dismissed(self, user_id: str, connection: str) -> None:
        try:
            self._close(user_id, connection)
        except Exception:  # noqa: BLE001 - its row ends by itself; the others are closed
            self._log.exception("channel_close_failed", connection_id=connection)
            self._metrics.add(Metric.DEFECTS)

    def _close(self, user_id: str, connection: str) -> None:
        self._push.close(connection)
        self._store.forget(user_id, connection)
