"""The pictures that another one is made of, as an image model is sent them.

Their rows are read strongly consistent, then how their originals begin, then one file of each, side
by side: which, `domain/sources.py` decides before anything large is read. One that is gone is never
left out silently: what was asked for cannot be painted without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, wait
from typing import TypeVar

from afterimage.domain import ids, sources
from afterimage.domain.errors import SourceDeleted
from afterimage.domain.images import Image
from afterimage.domain.sources import StoredFiles
from afterimage.ports.chats import ImagesById
from afterimage.ports.models import Source
from afterimage.ports.pictures import FileHead, SourceFiles

ResultT = TypeVar("ResultT")


class ReadSources:
    """Args: executor: reads files side by side."""

    def __init__(self, images: ImagesById, files: SourceFiles, executor: Executor) -> None:
        self._images = images
        self._files = files
        self._executor = executor

    def named(self, user_id: str, image_ids: Sequence[str]) -> list[Image]:
        """Those of them that are there, in their order; without any nothing is read."""
        return [*self._images.images(user_id, image_ids)] if image_ids else []

    def __call__(self, user_id: str, named: Sequence[Image]) -> list[Source]:
        """Each in one of its files.

        Raises:
            SourceDeleted: a file is gone.
        """
        originals = [ids.image_key(user_id, image.id, ids.ORIGINAL) for image in named]
        heads = self._side_by_side(self._files.head, originals)
        stored = [_stored(image, head) for image, head in zip(named, heads, strict=True)]
        kept = sources.originals(stored)
        keys = [originals[n] if n in kept else image.key for n, image in enumerate(named)]
        files = self._side_by_side(self._files.get, keys)
        read = []
        for place, (files_of, data) in enumerate(zip(stored, files, strict=True)):
            if data is None:
                raise SourceDeleted(f"the file of {named[place].id} is gone")
            kind = files_of.mime_type if place in kept else None
            read.append(Source(kind or sources.WEBP, data))
        return read

    def _side_by_side(self, read: Callable[[str], ResultT], keys: Sequence[str]) -> list[ResultT]:
        """Nothing of it outlives the call, whatever fails."""
        futures = [self._executor.submit(read, key) for key in keys]
        wait(futures)
        return [future.result() for future in futures]


def _stored(image: Image, head: FileHead | None) -> StoredFiles:
    if head is None:
        return StoredFiles(None, 0, image.size)
    return StoredFiles(sources.mime_type(head.first), head.size, image.size)
