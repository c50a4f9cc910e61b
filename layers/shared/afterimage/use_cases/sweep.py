"""Ends what was left open, with no client watching, and hands over again what nobody claimed.

Twice, or twice at once, is once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import TypeVar

from afterimage.domain import ids
from afterimage.domain.deletions import is_deletion
from afterimage.domain.errors import Failure, TimedOut
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message, Status
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import SlotStatus
from afterimage.invocation import Invocation
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.keeping import OPEN_PARTITIONS, DueIndex, MessageKey
from afterimage.ports.pictures import PictureStore
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.fail_message import FailMessage

# A function claims its job within a second; a queue before the painter can be longer than that, and
# one event too many is harmless.
_UNCLAIMED_FOR = timedelta(seconds=60)
# From then on for so long; what nobody claims for longer is left to its deadline.
_HANDED_OVER_AGAIN_FOR = timedelta(minutes=3)
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
        image_deadline: from when a picture is handed to the painter to its message's deadline.
        invocation: whose time is divided.
        randomness: where a sweep begins.
    """

    def __init__(
        self,
        index: DueIndex,
        messages: MessageReader,
        jobs: JobStore,
        pictures: PictureStore,
        starter: ImageStarter,
        end: FailMessage,
        finish: Callable[[str, str, datetime], None],
        purge_upload: Callable[[str, str], bool],
        recount: Callable[[datetime], None],
        keep_stock: Callable[[datetime], None],
        clock: Clock,
        image_deadline: timedelta,
        log: Log,
        metrics: Metrics,
        invocation: Invocation,
        randomness: Random,
    ) -> None:
        self._index = index
        self._messages = messages
        self._jobs = jobs
        self._pictures = pictures
        self._starter = starter
        self._end = end
        self._finish = finish
        self._purge_upload = purge_upload
        self._recount = recount
        self._keep_stock = keep_stock
        self._clock = clock
        # Of the time to its deadline, what is left to a picture that should have been claimed.
        self._left_unclaimed = image_deadline - _UNCLAIMED_FOR
        self._log = log
        self._metrics = metrics
        self._invocation = invocation
        self._randomness = randomness

    def __call__(self, until: datetime) -> None:
        """Look at messages that are overdue or should be painted by now, then remove what is to go.

        What time is too short for waits.

        Args:
            until: when to stop looking for more; the next sweep goes on.
        """
        now = self._clock.now()
        messages = self._found(self._to_look_at, now)
        due = self._found(self._index.due_removals, now)
        # Somebody waits for a message; but what is to go is gone on with each minute, too.
        self._each(messages, self._look_at, now + (until - now) * _SHARE if due else until)
        self._each(due, self._remove, until, _LEAST)
        self._guarded(partial(self._recount, until))
        self._guarded(partial(self._keep_stock, until))
        self._log.info("keeper_swept")

    def _found(self, look: Callable[[int, datetime], Iterator[RowT]], now: datetime) -> list[RowT]:
        """What is due, each minute in another order: nothing comes first every time."""
        found: list[RowT] = []

        def look_at(partition: int) -> None:
            found.extend(islice(look(partition, now), _AT_ONCE))

        for partition in self._randomness.sample(range(OPEN_PARTITIONS), OPEN_PARTITIONS):
            self._guarded(partial(look_at, partition))
        self._randomness.shuffle(found)
        return found

    def _to_look_at(self, partition: int, now: datetime) -> Iterator[MessageKey]:
        """What is overdue, and what was handed to the painter over a minute ago."""
        due_by = now + self._left_unclaimed
        for key, deadline in self._index.open_messages(partition, due_by):
            if deadline < now or deadline >= due_by - _HANDED_OVER_AGAIN_FOR:
                yield key

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

    def _look_at(self, key: MessageKey, until: datetime) -> None:
        del until  # it is one transaction, repeated for so long by the channel
        message = self._messages.get(key.user_id, key.chat_id, key.message_id)
        if message is None or not message.is_open or message.deadline is None:
            return
        left = message.deadline - self._clock.now()
        if left < timedelta():
            self._end_overdue(key.user_id, message)
        elif left <= self._left_unclaimed and message.status is Status.GENERATING:
            self._start_unclaimed(key.user_id, message)

    def _end_overdue(self, user_id: str, message: Message) -> None:
        """The message, or those of its pictures whose own time is over."""
        now = self._clock.now()
        late = [slot for slot in message.open_slots if slot.deadline and slot.deadline < now]
        late = late or [*message.open_slots]  # somebody has moved the message's alone
        waited = [slot.id for slot in late if slot.status is SlotStatus.WAITING]
        painted = [slot.id for slot in late if slot.status is not SlotStatus.WAITING]
        ended = False
        if painted or not message.slots:
            ended = self._end(user_id, message, TimedOut("its deadline has passed"), painted)
        if waited:
            ended = self._end(user_id, message, _waited_too_long(), waited) or ended
        if ended:
            self._metrics.add(Metric.OVERDUE_ENDED)

    def _start_unclaimed(self, user_id: str, message: Message) -> None:
        """Whoever was to invoke the painter has died, or could not; the claim makes it harmless."""
        for job in self._jobs.some(user_id, [slot.id for slot in message.open_slots]):
            if job.status is JobStatus.RESERVED:
                self._hand_over(user_id, message, job)

    def _hand_over(self, user_id: str, message: Message, job: Job) -> None:
        try:
            self._starter.start(user_id, job)
        except Failure as failure:
            self._log.warning("keeper_invoke_failed", job_id=job.id, reason=str(failure))
        else:
            self._log.warning("keeper_job_started_again", job_id=job.id, message_id=message.id)

    def _remove(self, which: tuple[str, str], until: datetime) -> None:
        user_id, name = which
        if is_deletion(name):
            self._finish(user_id, name, until)
        elif not self._purge_upload(user_id, name):
            self._purge(user_id, name)

    def _purge(self, user_id: str, job_id: str) -> None:
        job = self._jobs.get(user_id, job_id)
        if job is None or job.status not in _KEEPS_NOTHING or job.purge_at is None:
            return
        self._pictures.delete(ids.job_keys(user_id, [job_id]))
        self._jobs.purged(user_id, job_id)
        self._log.info("keeper_uploads_purged", job_id=job_id)


def _waited_too_long() -> Failure:
    return TimedOut("waited too long", public="It waited too long for its turn. Try again.")
