"""An upload whose function died: what there is of it is removed, and it can be brought again."""

from __future__ import annotations

from dataclasses import replace

from afterimage.domain import ids
from afterimage.domain.uploads import UploadStatus
from afterimage.ports.pictures import PictureStore
from afterimage.ports.system import Clock, Log
from afterimage.ports.uploads import UploadStore


class PurgeUpload:
    def __init__(
        self, uploads: UploadStore, pictures: PictureStore, clock: Clock, log: Log
    ) -> None:
        self._uploads = uploads
        self._pictures = pictures
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, image_id: str) -> bool:
        """Whether there is an upload with this id; nothing happens unless its time is over."""
        upload = self._uploads.get(user_id, image_id)
        if upload is None:
            return False
        now = self._clock.now()
        if upload.purge_at is None or upload.purge_at > now:
            return True
        if upload.status is UploadStatus.RUNNING:
            died = upload.died(now)
            # Before anything is removed: from here on nobody can end it well.
            if not self._uploads.move(user_id, upload, died):
                return True
            upload = died
        self._pictures.delete(ids.image_keys(user_id, image_id))
        self._uploads.move(user_id, upload, replace(upload, purge_at=None))
        self._log.warning("keeper_upload_purged", image_id=image_id)
        return True
