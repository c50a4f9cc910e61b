"""What the text model sees of a conversation's pictures: a file of some, and numbers for all.

Files are read side by side. One that does not come in time is left out of this turn; it keeps
its number, by which it can be changed all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, wait
from dataclasses import replace
from datetime import timedelta

from afterimage.domain import ids
from afterimage.domain.images import Image
from afterimage.domain.messages import Message
from afterimage.domain.numbered_pictures import NumberedPictures, numbered, shown
from afterimage.domain.seen import goes_as_it_is
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
        reading = {image.id: self._executor.submit(self._file, user_id, image) for image in images}
        done, _ = wait(reading.values(), _PATIENCE.total_seconds())
        files: dict[str, bytes] = {}
        for image_id, future in reading.items():
            if (data := future.result() if future in done else None) is not None:
                files[image_id] = data
            else:
                self._log.warning("llm_handler_picture_not_seen", image_id=image_id)
        return files

    def _file(self, user_id: str, image: Image) -> bytes | None:
        """The thumbnail where a large picture was stored before there were smaller copies."""
        is_shown = goes_as_it_is(image.width, image.height, image.size)
        key = image.key if is_shown else ids.image_key(user_id, image.id, ids.SMALL)
        try:
            return self._files.get(key) or self._files.get(image.thumbnail_key)
        except OSError as error:
            self._log.info("llm_handler_picture_not_read", reason=str(error))
            return None
