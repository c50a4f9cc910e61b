"""One user of the running stack with one tab open."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import jwt

from afterimage import frames
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient, Frame, is_event, is_update

# A frame that the channel knows and nobody waits for, as it is posted; see `is_pong`.
PONG = frames.encode(frames.system_frame("pong", 0)).encode()
is_pong = is_event("pong")


class User:
    """Signed in, connected and level; every frame's arrival is known.

    Args:
        executor: sends requests while the tab listens.
        of_the_tab: arguments of `ChannelClient`.
    """

    def __init__(
        self, stack: RunningStack, executor: ThreadPoolExecutor, **of_the_tab: Any
    ) -> None:
        self.name = f"bench-{uuid.uuid4().hex[:8]}"
        self.http: httpx.Client = stack.http(self.name)
        self.id: str = _subject(self.http)
        self.tab = ChannelClient(self.http, **of_the_tab)
        self.tab.resumed()
        self._executor = executor
        self.stack = stack

    def ask(self, text: str, **wishes: object) -> "Future[httpx.Response]":
        """Posts a message, each into a chat of its own, so that no history grows."""
        path = f"/chats/{uuid.uuid4().hex}/messages"
        return self._executor.submit(self.http.post, path, json={"text": text, **wishes})

    def put(self, path: str, data: bytes, kind: str) -> "Future[httpx.Response]":
        """Sends a file of a media type."""
        headers = {"content-type": kind}
        return self._executor.submit(self.http.put, path, content=data, headers=headers)

    def seen(self, wanted: Callable[[Frame], bool]) -> float:
        """Epoch seconds at which a wanted frame arrived."""
        self.tab.until(wanted)
        return time.time()

    def picture(self, text: str, image_ms: float, **wishes: object) -> tuple[float, float]:
        """Milliseconds from the provider's answer to the preview, and to the complete picture.

        Args:
            image_ms: as the simulator was told: it answers so long after it was asked.
        """
        answer = self.ask(text, **wishes)
        seen = self.seen(is_event("message-preview")), self.seen(is_update("complete"))
        self.tab.until(is_event("image-insert"))
        answer.result().raise_for_status()
        asked = self.stack.gemini()["log"][-1]
        assert asked["kind"] == "image"
        sent = datetime.fromisoformat(asked["at"]).timestamp() + image_ms / 1000
        preview, complete = ((moment - sent) * 1000 for moment in seen)
        return preview, complete

    def close(self) -> None:
        self.tab.socket.close()


def _subject(http: httpx.Client) -> str:
    token = http.headers["authorization"].removeprefix("Bearer ")
    subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return subject


def is_placeholder(frame: Frame) -> bool:
    """The skeleton of the assistant's answer."""
    if frame["event"] != "message-insert":
        return False
    return bool(frame["payload"]["message"]["role"] == "assistant")
