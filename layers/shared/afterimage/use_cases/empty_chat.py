"""Removes what is in a chat that was marked: open answers, pictures, messages, page by page.

Nothing else changes anything here any more: every transaction that replaces a message holds only
while its chat has no mark. What may still move is a job, which a function claims or the keeper
rescues without a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    RefundImage,
    RemoveJob,
    RemoveMessage,
    Transition,
)
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.entities import Image, Job, Message, Status
from afterimage.domain.errors import AccountDeleted, ConditionsFailed
from afterimage.domain.job_life import Move, effect_of, may, moved
from afterimage.ports import ChatRows, Clock, DeletionStore, Edge, JobStore, MessageReader
from afterimage.ports import PictureStore as Pictures

# Messages: so many that ten thousand of them ask the edge no more often than it takes at a time.
_PAGE = 1_000
# Up to so many pictures of a page are forgotten by name; of more, everything of the user is, which
# is one path to the edge, and only has other pictures fetched once more.
_FEW = 10


class EmptyChat:
    """Args: upload_time: how long a function that runs now may still upload."""

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        jobs: JobStore,
        deletions: DeletionStore,
        rows: ChatRows,
        pictures: Pictures,
        edge: Edge,
        clock: Clock,
        upload_time: timedelta,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._deletions = deletions
        self._rows = rows
        self._pictures = pictures
        self._edge = edge
        self._clock = clock
        self._upload_time = upload_time

    def __call__(self, user_id: str, deletion: Deletion, until: datetime) -> bool:
        """Whether the chat is empty."""
        while page := self._messages.before(user_id, deletion.subject, None, _PAGE):
            if self._clock.now() >= until:
                return False
            try:
                if not self._empty(user_id, deletion, page):
                    return False
            except AccountDeleted:
                return False  # then this chat goes with everything else
        return True

    def _empty(self, user_id: str, deletion: Deletion, page: Sequence[Message]) -> bool:
        """Remove what can be removed of a page; whether the edge was told."""
        for message in page:
            if message.is_open:
                self._end_answer(user_id, message)
        ended = [message for message in page if not message.is_open]
        jobs = [job_id for message in ended for job_id in self._settled_jobs(user_id, message)]
        self._remove_files(user_id, jobs)
        images = [message.image for message in ended if message.image is not None]
        if images and not self._forget_at_the_edge(user_id, deletion, images):
            return False
        self._rows.remove_images(user_id, jobs)
        self._rows.remove_jobs(user_id, jobs)
        self._rows.remove_messages(user_id, deletion.subject, [message.id for message in ended])
        return True

    # --- An answer that is still under way --------------------------------------------------

    def _end_answer(self, user_id: str, message: Message) -> None:
        """One transaction removes message and job and gives back what was not begun.

        If the job moves meanwhile, the page that is read next has the message again.
        """
        job = self._running(user_id, message)
        earlier = self._settled_jobs(user_id, message, but=job)
        self._remove_files(user_id, earlier)
        self._rows.remove_jobs(user_id, earlier)
        changes = (RemoveMessage(message), *self._cancelling(job))
        try:
            self._channel.change(user_id, Transition(changes, (), opens=-1))
        except ConditionsFailed:
            return

    def _running(self, user_id: str, message: Message) -> Job | None:
        if message.status is not Status.GENERATING:
            return None
        job = self._jobs.get(user_id, message.job_id or "")
        return job if job is not None and may(job, Move.CANCEL) else None

    def _cancelling(self, job: Job | None) -> list[Change]:
        if job is None:
            return []
        now = self._clock.now()
        cancelled = moved(job, Move.CANCEL, now, purge_at=now + self._upload_time)
        changes: list[Change] = [RemoveJob(job)]
        if cancelled.purge_at is not None:
            changes.append(BeginDeletion(_late_uploads(job.id, now, cancelled.purge_at)))
        if effect_of(job, Move.CANCEL).refunds:
            changes.append(RefundImage(job.quota_day))
        return changes

    # --- Jobs and their files ---------------------------------------------------------------

    def _settled_jobs(self, user_id: str, message: Message, but: Job | None = None) -> list[str]:
        """Ids of a message's jobs that have ended; late uploads of theirs are seen to."""
        tries = range(1, message.tries + 1) if message.job_id else ()
        jobs = [ids.job_id(message.chat_id, message.id, number) for number in tries]
        settled = [job_id for job_id in jobs if but is None or job_id != but.id]
        if message.status is not Status.COMPLETE or message.tries > 1:
            for job_id in settled:
                self._see_to_late_uploads(user_id, job_id)
        return settled

    def _see_to_late_uploads(self, user_id: str, job_id: str) -> None:
        job, now = self._jobs.get(user_id, job_id), self._clock.now()
        if job is not None and job.purge_at is not None and job.purge_at > now:
            self._deletions.begin(user_id, _late_uploads(job_id, now, job.purge_at))

    def _remove_files(self, user_id: str, jobs: Sequence[str]) -> None:
        keys = [key for job_id in jobs for key in ids.image_keys(user_id, job_id)]
        if keys:
            self._pictures.delete(keys)

    def _forget_at_the_edge(
        self, user_id: str, deletion: Deletion, images: Sequence[Image]
    ) -> bool:
        keys = [key for image in images for key in ids.image_keys(user_id, image.id)]
        if len(images) > _FEW:
            keys = [f"{ids.image_folder(user_id)}*"]
        begun = deletion.begun_at.isoformat()
        return self._edge.invalidate(f"{begun} {[image.id for image in images]}", keys)


def _late_uploads(job_id: str, now: datetime, due_at: datetime) -> Deletion:
    """A picture nobody will see, to be removed once nobody can be uploading it any more."""
    return Deletion(DeletionKind.IMAGE, job_id, now, due_at)
