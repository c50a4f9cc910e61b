"""Keeping: what a model gave for a job becomes pictures of its user, with all of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from afterimage.domain import ids
from afterimage.domain.errors import Internal
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job
from afterimage.ports.pictures import CacheTags, DecodedPicture, PictureStore
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.develop_picture import Decode, PictureFiles, Running, develop, readable


class KeepPictures:
    """Stores pictures of jobs."""

    def __init__(self, pictures: PictureStore, tags: CacheTags, clock: Clock, log: Log) -> None:
        self._pictures = pictures
        self._tags = tags
        self._clock = clock
        self._log = log

    def files(self, running: Running, user_id: str, job: Job, image_id: str) -> PictureFiles:
        """Where the files of one of a job's pictures lie."""
        tags = running.begin(self._tags_of, user_id, job.chat_id, image_id)
        return PictureFiles.of(user_id, image_id, tags)

    def _tags_of(self, user_id: str, chat_id: str, image_id: str) -> Sequence[str]:
        return (
            self._tags.picture(user_id, image_id),
            self._tags.chat(user_id, chat_id),
            self._tags.user(user_id),
        )

    def original(self, files: PictureFiles, data: bytes) -> bytes:
        """The bytes that are stored: these, or those of an attempt that came first."""
        if self._pictures.put_original(files.original, data):
            return data
        first = self._pictures.get(files.original)
        if first is None:
            raise Internal("the original has been removed meanwhile")
        return first

    def develop(
        self, running: Running, job: Job, picture: DecodedPicture, files: PictureFiles
    ) -> Image:
        """The picture with its files uploaded, all but the original."""
        developed = develop(running, self._pictures, picture, files)
        return developed.image(
            self._clock.now(),
            message_id=job.message_id,
            chat_id=job.chat_id,
            prompt=job.prompt,
            source_image_ids=job.source_image_ids,
        )

    def others(
        self, running: Running, user_id: str, job: Job, others: Sequence[bytes], decode: Decode
    ) -> list[Image]:
        """What came with the picture, each under the next free id, so that none is missing before
        one that is stored.
        """
        images = []
        numbered = zip(ids.unasked_ids(job.id), readable(others, decode, self._log), strict=False)
        for image_id, (place, data, picture) in numbered:
            files = self.files(running, user_id, job, image_id)
            first = self.original(files, data)
            kept = picture if first == data else decode(first)
            image = self.develop(running, job, kept, files)
            images.append(replace(image, index=place + 1))
        return images
