"""Whose turn it is with the painter: what waits is begun by whatever makes room for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from afterimage.domain import turns
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import Failure
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import MOST_PICTURES
from afterimage.domain.metrics import Metric
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import ImageStarter, JobStore
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.end_slots import is_for

# With one ending: as many as can end with it. Each is four items of a transaction, which takes a
# hundred. Where the operator lets more be painted at once than before, the next begin the rest.
_AT_MOST_BEGUN = MOST_PICTURES
_PAINTED = frozenset({JobStatus.RESERVED, JobStatus.RUNNING})


class PaintersTurns:
    """Implements `channel.Turns`.

    Args:
        at_once: how many pictures one user may have with the painter.
        image_deadline: by when a picture must have ended that is handed to the painter now.
    """

    def __init__(
        self,
        jobs: JobStore,
        messages: MessageReader,
        starter: ImageStarter,
        clock: Clock,
        at_once: int,
        image_deadline: timedelta,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._jobs = jobs
        self._messages = messages
        self._starter = starter
        self._clock = clock
        self._at_once = at_once
        self._image_deadline = image_deadline
        self._log = log
        self._metrics = metrics

    def taken(self, channel: Channel, transition: Transition) -> Transition:
        """With the oldest that wait, as there is room; nothing is read if none waits."""
        then = turns.after(channel, transition)
        if then == channel:
            return transition
        for job_id in sorted(then.waiting & channel.waiting):
            room = len(turns.after(channel, transition).painting) < self._at_once
            if not room or len(turns.begun_in(transition)) >= _AT_MOST_BEGUN:
                break
            transition = self._begun(channel.user_id, transition, job_id)
        return transition

    def start(self, user_id: str, job: Job) -> None:
        try:
            self._starter.start(user_id, job)
        except Failure as failure:
            self._log.warning("painter_not_invoked", job_id=job.id, reason=str(failure))
        except Exception:  # noqa: BLE001 - it is committed; the sweep invokes it again
            self._log.exception("painter_not_invoked", job_id=job.id)
            self._metrics.add(Metric.DEFECTS)
        else:
            self._log.info("painter_turn_begun", message_id=job.message_id, job_id=job.id)

    def room(self, channel: Channel, wanted: int) -> tuple[int, frozenset[str]]:
        """For how many of those wanted there is room, and which jobs the queue may forget.

        A version of the code that knows no queue ends jobs without taking them out. They are
        looked for only where there seems to be too little room.
        """
        ended: frozenset[str] = frozenset()
        if self._at_once - len(channel.painting) < wanted:
            jobs = self._jobs.some(channel.user_id, sorted(channel.painting))
            ended = channel.painting - {job.id for job in jobs if job.status in _PAINTED}
        left = self._at_once - len(channel.painting - ended)
        return max(0, min(wanted, left)), ended

    def _begun(self, user_id: str, transition: Transition, job_id: str) -> Transition:
        job = self._jobs.get(user_id, job_id)
        if job is None or job.status is not JobStatus.WAITING:
            return replace(transition, forgets=transition.forgets | {job_id})
        message = self._messages.get(user_id, job.chat_id, job.message_id)
        if message is None or not is_for(turns.message_in(transition, message), job):
            return transition  # its chat is being deleted, and it will be with it
        now = self._clock.now()
        return turns.begin(transition, job, message, now, now + self._image_deadline)
