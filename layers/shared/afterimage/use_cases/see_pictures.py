"""What the text model sees of a conversation's pictures: small ones, and numbers for all.

Small files are read side by side. One that does not come in time is left out of this turn; it keeps
its number, by which it can be changed all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, wait
from dataclasses import replace
from datetime import timedelta

from afterimage.domain import ids
from afterimage.domain.entities import Image, Message
from afterimage.domain.numbered_pictures import NumberedPictures, numbered, shown
from afterimage.ports.pictures import SmallFiles
from afterimage.ports.system import Log
from afterimage.use_cases.attach import Attach

_PATIENCE = timedelta(seconds=1)


class SeePictures:
    """Args: executor: reads files side by side."""

    def __init__(self, attach: Attach, files: SmallFiles, executor: Executor, log: Log) -> None:
        self._attach = attach
        self._files = files
        self._executor = executor
        self._log = log

    def __call__(
        self, user_id: str, conversation: Sequence[Message]
    ) -> tuple[Sequence[Message], NumberedPictures]:
        """The conversation with its attachments, and its pictures.

        Args:
            conversation: oldest first, the newest question last.
        """
        messages = self._attach(user_id, conversation)
        pictures = numbered(messages)
        files = self._read(user_id, shown(pictures, messages[-1]))
        return messages, replace(pictures, files=files)

    def _read(self, user_id: str, images: Sequence[Image]) -> dict[str, bytes]:
        reading = {image.id: self._executor.submit(self._small, user_id, image) for image in images}
        done, _ = wait(reading.values(), _PATIENCE.total_seconds())
        files: dict[str, bytes] = {}
        for image_id, future in reading.items():
            if (data := future.result() if future in done else None) is not None:
                files[image_id] = data
            else:
                self._log.warning("llm_handler_picture_not_seen", image_id=image_id)
        return files

    def _small(self, user_id: str, image: Image) -> bytes | None:
        """The thumbnail where a picture was stored before there were small ones."""
        small = ids.image_key(user_id, image.id, ids.SMALL)
        try:
            return self._files.get(small) or self._files.get(image.thumbnail_key)
        except OSError as error:
            self._log.info("llm_handler_picture_not_read", reason=str(error))
            return None
