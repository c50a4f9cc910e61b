"""Ends what was left open, with no client watching. Twice, or twice at once, is once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from afterimage.domain import ids
from afterimage.domain.deletions import is_deletion
from afterimage.domain.entities import JobStatus
from afterimage.domain.errors import TimedOut
from afterimage.domain.metrics import Metric
from afterimage.ports import (
    OPEN_PARTITIONS,
    Clock,
    JobStore,
    Log,
    MessageKey,
    MessageReader,
    Metrics,
    OpenIndex,
    PictureStore,
)
from afterimage.use_cases.end_message import EndMessage

_KEEPS_NOTHING = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})


class Sweep:
    """One pass over everything that is overdue."""

    def __init__(
        self,
        index: OpenIndex,
        messages: MessageReader,
        jobs: JobStore,
        pictures: PictureStore,
        end: EndMessage,
        finish: Callable[[str, str, datetime], None],
        recount: Callable[[datetime], None],
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._index = index
        self._messages = messages
        self._jobs = jobs
        self._pictures = pictures
        self._end = end
        self._finish = finish
        self._recount = recount
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __call__(self, until: datetime) -> None:
        """End overdue messages, then remove what is to go; what time is too short for waits.

        Args:
            until: when to stop looking for more; the next sweep goes on.
        """
        now = self._clock.now()
        for partition in range(OPEN_PARTITIONS):
            for key in self._index.overdue_messages(partition, now):
                if self._clock.now() >= until:
                    return
                self._guarded(partial(self._end_overdue, key))
        # Somebody waits for a message; a large deletion may take all of the time that is left.
        for partition in range(OPEN_PARTITIONS):
            for user_id, name in self._index.due_removals(partition, now):
                if self._clock.now() >= until:
                    return
                self._guarded(partial(self._remove, user_id, name, until))
        self._guarded(partial(self._recount, until))

    def _guarded(self, step: Callable[[], None]) -> None:
        """One row that cannot be ended must not keep the others open."""
        try:
            step()
        except Exception:  # noqa: BLE001 - the next sweep tries again
            self._log.exception("keeper_sweep_step_failed")
            self._metrics.add(Metric.DEFECTS)

    def _end_overdue(self, key: MessageKey) -> None:
        message = self._messages.get(key.user_id, key.chat_id, key.message_id)
        if message is None or not message.is_open or message.deadline is None:
            return
        if message.deadline >= self._clock.now():
            return
        if self._end(key.user_id, message, TimedOut("its deadline has passed")):
            self._metrics.add(Metric.OVERDUE_ENDED)

    def _remove(self, user_id: str, name: str, until: datetime) -> None:
        if is_deletion(name):
            self._finish(user_id, name, until)
        else:
            self._purge(user_id, name)

    def _purge(self, user_id: str, job_id: str) -> None:
        job = self._jobs.get(user_id, job_id)
        if job is None or job.status not in _KEEPS_NOTHING or job.purge_at is None:
            return
        self._pictures.delete(ids.image_keys(user_id, job_id))
        self._jobs.purged(user_id, job_id)
        self._log.info("keeper_uploads_purged", job_id=job_id)
