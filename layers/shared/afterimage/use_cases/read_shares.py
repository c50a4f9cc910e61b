"""What somebody has shared."""

from __future__ import annotations

from afterimage.domain.images import Image
from afterimage.ports.chats import ImagesById
from afterimage.ports.shares import ShareIndex
from afterimage.ports.system import Clock
from afterimage.use_cases.read_chats import Page


class ReadShares:
    def __init__(self, index: ShareIndex, images: ImagesById, clock: Clock) -> None:
        self._index = index
        self._images = images
        self._clock = clock

    def __call__(self, user_id: str, limit: int, cursor: str | None) -> Page[Image]:
        """Pictures with a link, the newest first. A page may be empty and not the last."""
        ids = self._index.page(user_id, cursor, limit)
        found = {image.id: image for image in self._images.images(user_id, ids)}
        shown = [found[id_] for id_ in ids if id_ in found and self._is_shared(found[id_])]
        return Page(shown, ids[-1] if len(ids) == limit else None)

    def _is_shared(self, image: Image) -> bool:
        return image.share is not None and image.share.until > self._clock.now()
