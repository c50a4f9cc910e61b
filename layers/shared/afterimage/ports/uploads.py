"""What is kept of pictures that somebody brings."""

from __future__ import annotations

from typing import Protocol

from afterimage.domain.uploads import Upload


class UploadStore(Protocol):
    def get(self, user_id: str, image_id: str) -> Upload | None:
        """Strongly consistent; None also where a job has this id."""

    def move(self, user_id: str, before: Upload, after: Upload) -> bool:
        """Apply a move; False if the upload has moved meanwhile."""
