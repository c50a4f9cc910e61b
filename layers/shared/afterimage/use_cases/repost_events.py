"""Posts again what a function that died may have committed and not posted.

The numbers stay what they were, so a client that has the frames already drops them.
"""

from __future__ import annotations

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.jobs import Job
from afterimage.ports.events import EventLog
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.replay_events import ReplayEvents

_LOOK_BACK = 100  # events; a job's last ones are among a user's newest


class RepostEvents:
    def __init__(
        self,
        channel: UnifiedChannel,
        event_log: EventLog,
        replay: ReplayEvents,
        clock: Clock,
        log: Log,
    ) -> None:
        self._channel = channel
        self._event_log = event_log
        self._replay = replay
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, job: Job) -> None:
        """Post the newest events about a job's message and pictures to everyone connected."""
        newest = self._event_log.latest(user_id, _LOOK_BACK, self._clock.now())
        pictures = ids.pictures_of(job.id)
        about = [
            reference
            for reference in reversed(newest)
            if job.message_id == reference.message_id or reference.image_id in pictures
        ]
        frames = self._replay.frames(user_id, about)
        self._log.info("keeper_events_posted_again", job_id=job.id, events=len(frames))
        self._channel.post_again(user_id, frames)
