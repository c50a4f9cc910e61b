"""The lines of a painter's answer: a picture is handed on while its line comes.

What comes may be a draft, or the beginning of an answer that breaks off. So what is handed on here
is nobody's picture yet: whoever asks for one says which bytes they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from afterimage.adapters.gemini import drawn
from afterimage.adapters.gemini.events import Event, Lines, events
from afterimage.ports.pictures import ComingPicture, Darkroom

_STEP = 128 * 1024  # letters; each is decoded when so many more have come
_NEAR = 4 * 1024  # bytes from the line's beginning on, within which its picture begins
_GROUP = 4  # letters of base64 that stand for three bytes


class WatchedLines(Lines):
    """Args: darkroom: where pictures are begun; None leaves them until they are whole."""

    def __init__(self, darkroom: Darkroom | None) -> None:
        self._darkroom = darkroom
        self._line: bytearray | None = None
        self._coming: ComingPicture | None = None
        self._at = 0  # of the line; what is before it was handed on

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """See `events.events`."""
        return events(chunks, self)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Nothing is at work behind the block."""
        try:
            yield
        finally:
            self._leave()
            if self._coming is not None:
                self._coming.wait()

    def grows(self, line: bytearray) -> None:
        if self._darkroom is None or not line.startswith(b"data:"):
            return
        if line is not self._line:
            self._leave()
            self._line, self._coming, self._at = line, None, 0
        if len(line) < self._at + _STEP:
            return
        if self._coming is None:
            found = drawn.BEGINS.search(line, 0, _NEAR)
            if found is None:
                return
            self._coming, self._at = self._darkroom.coming(), found.end()
        self._hand_on(self._coming, line)

    def parse(self, line: bytearray) -> Any | None:
        found = drawn.with_bytes(line)
        if found is None or self._coming is None or line is not self._line:
            self._leave()
            return found and found.event
        self._coming.complete(found.data)
        self._line = None
        return found.event

    def _hand_on(self, coming: ComingPicture, line: bytearray) -> None:
        # Imported here, because a text answer has nothing to decode.
        from pybase64 import b64decode

        end = line.find(b'"', self._at)
        end = len(line) if end < 0 else end
        end -= (end - self._at) % _GROUP
        try:
            with memoryview(line) as view:
                piece = b64decode(view[self._at : end], validate=True)
        except ValueError:  # unusual; whoever parses all of it knows what it is
            return coming.leave()
        self._at = end
        return coming.add(piece)

    def _leave(self) -> None:
        """What has begun to come does not end, or is not what it seemed."""
        if self._line is not None and self._coming is not None:
            self._coming.leave()
        self._line = None
