"""The body of a request: JSON whose files are encoded while it is sent.

Fourteen pictures of 60 MB would be 80 MB of base64 within 80 MB of JSON. So nothing but a chunk of
them is ever there besides the files themselves, and the length is known all the same: some servers
and proxies refuse a body that does not say how long it is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pybase64 import b64encode

# Of a file; whole groups of three bytes, so that what they become can stand side by side. A
# connection takes 256 KB at once.
_CHUNK = 192 * 1024
_GROUP, _ENCODED = 3, 4  # bytes, and the letters that they become (RFC 4648, 4)


class Body:
    """What is sent, as `requests` takes it; what is bytes in it goes as base64.

    Args:
        content: bytes may stand where JSON has a text.
        go_on: called before each chunk; what it raises ends the sending.

    Attributes:
        is_sent: whether all of it was handed to the connection. A server that has not got all of
            it has no request.
    """

    def __init__(self, content: Mapping[str, Any], go_on: Callable[[], None]) -> None:
        self._files: list[bytes] = []
        self._go_on = go_on
        self.is_sent = False
        # No text in it can be the mark, since it is new for each.
        mark = secrets.token_hex()

        def marked(file: object) -> str:
            if not isinstance(file, bytes):
                raise TypeError(f"{type(file).__name__} in a request")
            self._files.append(file)
            return mark

        self._between = [
            piece.encode() for piece in json.dumps(content, default=marked).split(mark)
        ]

    def __len__(self) -> int:
        """Bytes of all of it."""
        files = sum(-(-len(file) // _GROUP) * _ENCODED for file in self._files)
        return files + sum(map(len, self._between))

    def __iter__(self) -> Iterator[bytes]:
        """From its beginning, each time."""
        self.is_sent = False
        for chunk in self._chunks():
            self._go_on()
            yield chunk
        self.is_sent = True

    def _chunks(self) -> Iterator[bytes]:
        yield self._between[0]
        for file, behind in zip(self._files, self._between[1:], strict=True):
            view = memoryview(file)
            for at in range(0, len(file), _CHUNK):
                yield b64encode(view[at : at + _CHUNK])
            yield behind
