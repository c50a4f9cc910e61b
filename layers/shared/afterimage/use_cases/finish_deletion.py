"""Finishes what was marked as deleted, with no client watching. Twice, or twice at once, is once.

Always in this order: files, then the caches at the edge, then rows, and the deletion's own row
last, so that what a crash leaves is found again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from afterimage.domain import ids
from afterimage.domain.deletions import AtEdge, Deletion, DeletionKind
from afterimage.ports.keeping import ChatRows, DeletionStore, Edge
from afterimage.ports.pictures import CacheTags, PictureStore
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.empty_account import EmptyAccount
from afterimage.use_cases.empty_chat import EmptyChat
from afterimage.use_cases.empty_line import EmptyLine
from afterimage.use_cases.end_share import EndShare


class FinishDeletion:
    """Args: upload_time: how long a function that runs now may still upload."""

    def __init__(
        self,
        deletions: DeletionStore,
        empty_chat: EmptyChat,
        empty_line: EmptyLine,
        empty_account: EmptyAccount,
        end_share: EndShare,
        rows: ChatRows,
        pictures: PictureStore,
        edge: Edge,
        tags: CacheTags,
        clock: Clock,
        upload_time: timedelta,
        log: Log,
    ) -> None:
        self._deletions = deletions
        self._empty_chat = empty_chat
        self._empty_line = empty_line
        self._empty_account = empty_account
        self._end_share = end_share
        self._rows = rows
        self._pictures = pictures
        self._edge = edge
        self._tags = tags
        self._clock = clock
        self._upload_time = upload_time
        self._log = log

    def __call__(self, user_id: str, name: str, until: datetime) -> None:
        """Go on with a deletion if it is due; what time is too short for waits for the next sweep.

        Args:
            until: when to stop.
        """
        deletion = self._deletions.get(user_id, name)
        if deletion is None or deletion.due_at > self._clock.now():
            return
        kind = deletion.kind.value
        if not self._remove(user_id, deletion, until):
            self._log.info("keeper_deletion_goes_on", kind=kind)
            return
        look_again = deletion.next_look(self._clock.now(), self._upload_time)
        if look_again is not None:
            self._deletions.postpone(user_id, deletion, look_again)
        else:
            self._end(user_id, deletion)
        self._log.info("keeper_deleted", kind=kind, looks_again=look_again is not None)

    def _remove(self, user_id: str, deletion: Deletion, until: datetime) -> bool:
        """Whether nothing is left."""
        match deletion.kind:
            case DeletionKind.IMAGE:
                return self._remove_image(user_id, deletion)
            case DeletionKind.CHAT:
                return self._empty_chat(user_id, deletion, until)
            case DeletionKind.LINE:
                return self._empty_line(user_id, deletion, until)
            case DeletionKind.ACCOUNT:
                return self._empty_account(user_id, deletion, until)
            case DeletionKind.SHARE:
                return self._end_share(user_id, deletion)

    def _remove_image(self, user_id: str, deletion: Deletion) -> bool:
        """Its rows went with the mark; a picture that was never shown has had none."""
        image_id = deletion.subject
        if deletion.at_edge is AtEdge.NOTHING:
            # What a job has uploaded, of which nothing was kept; else what came with it stays.
            self._pictures.delete(ids.job_keys(user_id, [image_id]))
            return True
        self._pictures.delete(ids.image_keys(user_id, image_id))
        match deletion.at_edge:
            case AtEdge.TAGGED:
                tag = self._tags.picture(user_id, image_id)
                return self._edge.invalidate(image_id, (), (tag,))
            case AtEdge.UNTAGGED:
                return self._edge.invalidate(image_id, ids.shown_keys(user_id, image_id), ())

    def _end(self, user_id: str, deletion: Deletion) -> None:
        if deletion.kind is DeletionKind.CHAT:
            self._rows.remove_chat(user_id, deletion.subject)
        self._deletions.finished(user_id, deletion)
