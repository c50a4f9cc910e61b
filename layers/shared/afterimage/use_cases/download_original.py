"""The owner of a picture downloads it as the provider sent it, with its mark of provenance."""

from __future__ import annotations

from afterimage.domain import ids
from afterimage.domain.errors import NotFound
from afterimage.ports.pictures import Originals
from afterimage.use_cases.read_chats import ReadImages


class DownloadOriginal:
    def __init__(self, images: ReadImages, originals: Originals) -> None:
        self._images = images
        self._originals = originals

    def __call__(self, user_id: str, image_id: str) -> str:
        """A short-lived address of what was stored first.

        Raises:
            NotFound: the caller has no such picture, or its file is gone.
        """
        image = self._images.one(user_id, image_id)
        key = ids.image_key(user_id, image.id, ids.ORIGINAL)
        url = self._originals.download(key, f"afterimage-{image.id}")
        if url is None:
            raise NotFound
        return url
