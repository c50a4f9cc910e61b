"""A plain client of the unified channel, as a browser would be one.

What it sends and gets must be as `/asyncapi.json` describes it, unless the bundle is another one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.support.described import problems_of_message

Frame = dict[str, Any]
_PATIENCE = 20.0  # seconds; only so that a broken run ends


class ChannelClient:
    """Opens a socket by a ticket, resumes, and collects frames.

    Args:
        http: an authenticated client of the HTTP API.
        after: as in the `resume` frame; None means "from now".
        patience: seconds until what should come never came.
        described: whether frames are compared with the description.
    """

    def __init__(
        self,
        http: httpx.Client,
        after: int | None = None,
        patience: float = _PATIENCE,
        *,
        described: bool = True,
    ) -> None:
        self._patience = patience
        self._described = described
        ticket = http.post("/realtime/tickets").raise_for_status().json()
        self.url: str = ticket["url"]
        self._opened = ExitStack()
        self.socket: ClientConnection = self._opened.enter_context(
            connect(self.url, max_size=2**20, compression=None, ping_interval=None)
        )
        self.frames: list[Frame] = []
        self.send({"action": "resume", "after": after})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._opened.close()

    def send(self, frame: Frame) -> None:
        assert problems_of_message(frame["action"], frame) == [], frame
        self.socket.send(json.dumps(frame))

    def receive(self) -> Frame:
        """The next frame."""
        return self._received(self.socket.recv(timeout=self._patience))

    def _received(self, text: str | bytes) -> Frame:
        assert isinstance(text, str)
        assert len(text.encode()) <= 32 * 1024
        frame: Frame = json.loads(text)
        if self._described:
            assert problems_of_message(frame["event"], frame) == [], frame
        self.frames.append(frame)
        return frame

    def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read on until a frame is wanted; it is also the last of `frames`."""
        give_up = time.monotonic() + self._patience
        while time.monotonic() < give_up:
            frame = self.receive()
            if wanted(frame):
                return frame
        raise AssertionError(f"never came; got {[frame['event'] for frame in self.frames]}")

    def resumed(self) -> Frame:
        """Read on until the replay is over."""
        return self.until(lambda frame: frame["event"] in ("resumed", "more", "reset"))

    def quiet(self, seconds: float = 0.3) -> bool:
        """Whether nothing arrives for a while."""
        try:
            self._received(self.socket.recv(timeout=seconds))
        except TimeoutError:
            return True
        return False

    def events(self) -> list[str]:
        """Names of the broadcast frames so far."""
        return [frame["event"] for frame in self.frames if frame["type"] == "broadcast"]

    def numbers(self) -> list[int]:
        """`seq` of the numbered broadcast frames so far."""
        return [
            frame["seq"]
            for frame in self.frames
            if frame["type"] == "broadcast" and frame["seq"] is not None
        ]


def is_update(status: str) -> Callable[[Frame], bool]:
    """A `message-update` that brings a message to this status."""
    return lambda frame: (
        frame["event"] == "message-update"
        and frame["payload"]["message"]["meta"]["status"] == status
    )


def is_event(name: str) -> Callable[[Frame], bool]:
    return lambda frame: bool(frame["event"] == name)
