"""A picture is decoded while its bytes come, by a thread of its own.

Decoding 1024 x 1024 pixels takes less time than 2 MB take to come, so it has nearly ended with the
last byte. The decoder sees what the guards let through, and no byte before they have: it reads a
file that grows. What it made is taken only for the very bytes that came, once the guards have seen
all of them; in every other case nothing of it is used, and the picture is decoded as if it had
never been begun.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import IO, cast

from PIL import Image, ImageFile

from afterimage.adapters import pixels
from afterimage.adapters.picture_guards import Checked, Walk, walk_over
from afterimage.domain.errors import NoImage


class ComingPicture:
    """Implements `ports.pictures.ComingPicture`."""

    def __init__(self) -> None:
        self._file = _GrowingFile()
        self._walk: Walk | None = None
        self._data: bytes | None = None
        self._checked: Checked | None = None
        self._decoder: threading.Thread | None = None
        self._image: ImageFile.ImageFile | None = None

    def add(self, piece: bytes) -> None:
        if self._file.has_ended:
            return None
        come = self._file.come
        with self._file.changing():
            come += piece
        try:
            self._walk = self._walk or walk_over(come)
            if self._walk is None:
                return self.leave()
            self._walk.go_on(come, is_all=False)
        except NoImage:  # whoever decodes all of it says why
            return self.leave()
        self._file.show(self._walk.kept)
        if self._decoder is None:
            self._decoder = threading.Thread(target=self._decode, name="decoder", daemon=True)
            self._decoder.start()
        return None

    def complete(self, data: bytes) -> None:
        come = self._file.come
        if self._file.has_ended or self._walk is None or data[: len(come)] != come:
            return self.leave()
        try:
            self._walk.go_on(data, is_all=True)
            checked = self._walk.checked(data)
        except NoImage:
            return self.leave()
        if not checked.has_end:
            return self.leave()
        self._data, self._checked = data, checked
        self._file.end(data, self._walk.kept)
        return None

    def leave(self) -> None:
        self._file.end(b"", ())
        self._data = None
        self.wait()

    def wait(self) -> None:
        """Until no thread is at work."""
        if self._decoder is not None:
            self._decoder.join()

    def pixels_of(self, data: bytes) -> Image.Image | None:
        """What was made of these bytes, once; None if they are others, or nothing came of them."""
        if self._data is not data:
            return None
        self.wait()
        with self._file.changing():
            image, checked = self._image, self._checked
            self._data = self._image = self._checked = None  # or a warm process would keep them
        self._file.end(b"", ())
        if image is None or checked is None:
            return None
        return pixels.as_shown(image, checked)

    def _decode(self) -> None:
        try:
            self._image = pixels.opened(cast("IO[bytes]", self._file))
        # Pillow's plugins raise what they like.
        except Exception:  # noqa: BLE001 - who decodes all of it says why
            self._image = None


class _GrowingFile(io.RawIOBase):
    """What a decoder may see so far; who reads further waits until that is there.

    Attributes:
        come: all that has come, of which parts are shown.
        has_ended: nothing more is shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.come: bytes | bytearray = bytearray()
        self.has_ended = False
        self._changed = threading.Condition()
        self._parts: list[slice] = []
        self._limit = 0  # what has come behind it was not looked at
        self._at = 0

    # --- The sender's side ------------------------------------------------------------------

    def changing(self) -> threading.Condition:
        """Held while `come` changes."""
        return self._changed

    def show(self, kept: Sequence[slice]) -> None:
        with self._changed:
            self._parts, self._limit = [*kept], len(self.come)
            self._changed.notify_all()

    def end(self, come: bytes, kept: Sequence[slice]) -> None:
        with self._changed:
            self.come, self._parts, self.has_ended = come, [*kept], True
            self._limit = len(come)
            self._changed.notify_all()

    # --- The decoder's side -----------------------------------------------------------------

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise OSError("nobody knows yet where it ends")
        self._at = offset + (self._at if whence == io.SEEK_CUR else 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As many bytes as were asked for, if so many ever come: Pillow counts on it."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended or 0 <= size <= self._shown() - self._at)
            piece = self._piece(size if size >= 0 else self._shown())
        self._at += len(piece)
        return piece

    def _shown(self) -> int:
        return sum(map(self._length, self._parts))

    def _length(self, part: slice) -> int:
        shown: int = min(part.stop, self._limit) - part.start
        return max(0, shown)

    def _piece(self, size: int) -> bytes:
        """From here on, at most so much of what is shown."""
        skip, taken = self._at, bytearray()
        for part in self._parts:
            length = self._length(part)
            begin, end = part.start + skip, part.start + min(length, skip + size - len(taken))
            taken += self.come[begin : max(begin, end)]
            skip = max(0, skip - length)
        return bytes(taken)
