"""Removes what is in a chat that was marked: open answers, pictures, messages, page by page.

Nothing else changes anything here any more: every transaction that replaces a message holds only
while its chat has no mark. What may still move is a job, which a function claims or the keeper
rescues without a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings, ids
from afterimage.domain.deletions import Deletion, late_uploads
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.images import Image
from afterimage.domain.job_life import Move, may
from afterimage.domain.jobs import Job
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import SlotStatus
from afterimage.domain.tries import jobs_of
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.jobs import JobStore
from afterimage.ports.keeping import ChatRows, DeletionStore, Edge
from afterimage.ports.pictures import CacheTags
from afterimage.ports.pictures import PictureStore as Pictures
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.use_cases.end_shares import EndShares

# Messages: so many that ten thousand of them ask the edge no more often than it takes at a time.
_PAGE = 1_000
# Of so many messages the rows go at a time: images, jobs and, last, the messages.
_ROWS = 100
# Up to so many pictures of a page that have no cache tags are forgotten by name; of more,
# everything of the user is, which is one path, and only has other pictures fetched once more.
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
        shares: EndShares,
        pictures: Pictures,
        edge: Edge,
        tags: CacheTags,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._jobs = jobs
        self._deletions = deletions
        self._rows = rows
        self._shares = shares
        self._pictures = pictures
        self._edge = edge
        self._tags = tags
        self._clock = clock
        self._upload_time = upload_time
        self._log = log
        self._metrics = metrics

    def __call__(self, user_id: str, deletion: Deletion, until: datetime) -> bool:
        """Whether the chat is empty."""
        while page := self._messages.before(user_id, deletion.subject, None, _PAGE):
            if self._clock.now() >= until:
                return False
            try:
                if not self._empty(user_id, deletion, page, until):
                    return False
            except AccountDeleted:
                return False  # then this chat goes with everything else
        return True

    def _empty(
        self, user_id: str, deletion: Deletion, page: Sequence[Message], until: datetime
    ) -> bool:
        """Remove what can be removed of a page; whether there is time and reason to go on.

        Looking at jobs has half of the time, so that what was looked at is removed, too: the next
        one who goes on with the deletion begins behind it.
        """
        shown = {slot.id for message in page for slot in message.slots}
        if not self._shares.of_pictures(user_id, shown, until):
            return False
        now = self._clock.now()
        ended, failed = self._looked_at(user_id, deletion, page, now + (until - now) / 2)
        self._remove_files([key for message in ended for key in _keys_of(user_id, message)])
        images = [image for message in ended for image in message.images]
        if images and not self._forget_at_the_edge(user_id, deletion, images):
            return False
        for some in (ended[i : i + _ROWS] for i in range(0, len(ended), _ROWS)):
            self._remove_rows(user_id, deletion, some)
            if self._clock.now() >= until:
                return False
        return not failed

    def _looked_at(
        self, user_id: str, deletion: Deletion, page: Sequence[Message], until: datetime
    ) -> tuple[list[Message], bool]:
        """Messages of a page whose jobs will be no matter, and whether any could not be seen to."""
        ended: list[Message] = []
        failed = False
        for message in page:
            try:
                if message.is_open:
                    failed = not self._end_answer(user_id, deletion, message) or failed
                else:
                    self._note_late_uploads(user_id, message, jobs_of(message))
                    ended.append(message)
            except AccountDeleted:
                raise
            except Exception:  # noqa: BLE001 - the others go; the next sweep tries this one again
                self._log.exception("keeper_message_not_removed", message_id=message.id)
                self._metrics.add(Metric.DEFECTS)
                failed = True
            if self._clock.now() >= until:
                break
        return ended, failed

    def _remove_rows(self, user_id: str, deletion: Deletion, ended: Sequence[Message]) -> None:
        shown = [slot.id for message in ended for slot in message.slots]
        jobs = [job_id for message in ended for job_id in jobs_of(message)]
        self._rows.remove_images(user_id, shown)
        self._rows.remove_jobs(user_id, jobs)
        self._rows.remove_messages(user_id, deletion.subject, [message.id for message in ended])

    # --- An answer that is still under way --------------------------------------------------

    def _end_answer(self, user_id: str, deletion: Deletion, message: Message) -> bool:
        """One transaction removes message and jobs and gives back what was not begun; whether what
        had come of it could be removed before.

        If a job moves meanwhile, the page that is read next has the message again.
        """
        running = self._running(user_id, message)
        still = {job.id for job in running}
        earlier = [job_id for job_id in jobs_of(message) if job_id not in still]
        self._note_late_uploads(user_id, message, earlier)
        self._remove_files(ids.job_keys(user_id, earlier))
        if message.images and not self._forget_at_the_edge(user_id, deletion, message.images):
            return False
        self._rows.remove_images(user_id, [image.id for image in message.images])
        self._rows.remove_jobs(user_id, earlier)
        now = self._clock.now()
        removed = endings.remove(message, running, now, purge_at=now + self._upload_time)
        with suppress(ConditionsFailed):
            self._channel.deliver(self._channel.change(user_id, removed))
        return True

    def _running(self, user_id: str, message: Message) -> list[Job]:
        jobs = self._jobs.some(user_id, [slot.id for slot in message.open_slots])
        return [job for job in jobs if may(job, Move.CANCEL)]

    # --- Jobs and their files ---------------------------------------------------------------

    def _note_late_uploads(self, user_id: str, message: Message, jobs: Sequence[str]) -> None:
        """Have removed later what functions may still be uploading for these ended jobs."""
        if _has_all(message):
            return  # its jobs succeeded, and upload nothing any more
        now = self._clock.now()
        for job in self._jobs.some(user_id, jobs):
            if job.purge_at is not None and job.purge_at > now:
                self._deletions.begin(user_id, late_uploads(job.id, now, job.purge_at))

    def _remove_files(self, keys: Sequence[str]) -> None:
        if keys:
            self._pictures.delete(keys)

    def _forget_at_the_edge(
        self, user_id: str, deletion: Deletion, images: Sequence[Image]
    ) -> bool:
        untagged = [image for image in images if not image.tagged]
        keys = [key for image in untagged for key in ids.shown_keys(user_id, image.id)]
        if len(untagged) > _FEW:
            keys = [f"{ids.image_folder(user_id)}*"]
        tags = [self._tags.chat(user_id, deletion.subject)] if len(untagged) < len(images) else []
        begun = deletion.begun_at.isoformat()
        return self._edge.invalidate(f"{begun} {[image.id for image in images]}", keys, tags)


def _has_all(message: Message) -> bool:
    """Whether every picture came at the first try, so that nothing else was ever uploaded."""
    came = all(slot.status is SlotStatus.COMPLETE for slot in message.slots)
    return came and message.tries == 1


def _keys_of(user_id: str, message: Message) -> list[str]:
    """S3 keys of everything that may have been stored for a message."""
    if _has_all(message):
        return [key for slot in message.slots for key in ids.image_keys(user_id, slot.id)]
    return ids.job_keys(user_id, jobs_of(message))
