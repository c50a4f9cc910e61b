"""Ends what was left open, with no client watching. Twice, or twice at once, is once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import TypeVar

from afterimage.domain import ids
from afterimage.domain.deletions import is_deletion
from afterimage.domain.entities import JobStatus
from afterimage.domain.errors import TimedOut
from afterimage.domain.metrics import Metric
from afterimage.invocation import Invocation
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
# Rows of a partition, of either kind: more than a sweep has time for.
_AT_ONCE = 500
# Of the time, for messages, while there is something to remove as well.
_SHARE = 2 / 3
# What a removal has at least, however many there are, so that it gets on; an ending is one try.
_LEAST = timedelta(seconds=1)
# What a step has begun by the end of its share it may finish, and say so.
_TIME_TO_FINISH = timedelta(seconds=3)

RowT = TypeVar("RowT")


class Sweep:
    """One pass over everything that is overdue.

    Args:
        invocation: whose time is divided.
        randomness: where a sweep begins.
    """

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
        invocation: Invocation,
        randomness: Random,
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
        self._invocation = invocation
        self._randomness = randomness

    def __call__(self, until: datetime) -> None:
        """End overdue messages, then remove what is to go; what time is too short for waits.

        Args:
            until: when to stop looking for more; the next sweep goes on.
        """
        now = self._clock.now()
        overdue = self._found(self._index.overdue_messages, now)
        due = self._found(self._index.due_removals, now)
        # Somebody waits for a message; but what is to go is gone on with each minute, too.
        self._each(overdue, self._end_overdue, now + (until - now) * _SHARE if due else until)
        self._each(due, self._remove, until, _LEAST)
        self._guarded(partial(self._recount, until))

    def _found(self, look: Callable[[int, datetime], Iterator[RowT]], now: datetime) -> list[RowT]:
        """What is due, each minute in another order: nothing comes first every time."""
        found: list[RowT] = []

        def look_at(partition: int) -> None:
            found.extend(islice(look(partition, now), _AT_ONCE))

        for partition in self._randomness.sample(range(OPEN_PARTITIONS), OPEN_PARTITIONS):
            self._guarded(partial(look_at, partition))
        self._randomness.shuffle(found)
        return found

    def _each(
        self,
        rows: Sequence[RowT],
        step: Callable[[RowT, datetime], None],
        until: datetime,
        least: timedelta = timedelta(),
    ) -> None:
        """Each row has its share of the time that is left, so none keeps the others waiting."""
        for number, row in enumerate(rows):
            now = self._clock.now()
            if now >= until:
                return
            share = max(least, (until - now) / (len(rows) - number))
            enough = min(until, now + share)
            with self._invocation.step(enough + _TIME_TO_FINISH):
                self._guarded(partial(step, row, enough))

    def _guarded(self, step: Callable[[], None]) -> None:
        """One row that cannot be ended must not keep the others open."""
        try:
            step()
        except Exception:  # noqa: BLE001 - the next sweep tries again
            self._log.exception("keeper_sweep_step_failed")
            self._metrics.add(Metric.DEFECTS)

    def _end_overdue(self, key: MessageKey, until: datetime) -> None:
        del until  # it is one transaction, repeated for so long by the channel
        message = self._messages.get(key.user_id, key.chat_id, key.message_id)
        if message is None or not message.is_open or message.deadline is None:
            return
        if message.deadline >= self._clock.now():
            return
        if self._end(key.user_id, message, TimedOut("its deadline has passed")):
            self._metrics.add(Metric.OVERDUE_ENDED)

    def _remove(self, which: tuple[str, str], until: datetime) -> None:
        user_id, name = which
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
