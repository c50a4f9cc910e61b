"""One open WebSocket: its outgoing buffer, its age and how it is closed."""

import asyncio
import time
from collections.abc import Callable

from tests.local_stack.websocket.events import ConnectionInfo

# API Gateway names no figure for "the WebSocket client side buffer" (API reference of the
# management API, LimitExceededException); beyond this much unread data posts are refused.
BUFFER_BYTES = 1024 * 1024


class BufferFullError(Exception):
    """The client reads too slowly for what is sent to it."""


class Connection:
    """A connection and what waits to be sent on it."""

    def __init__(self, info: ConnectionInfo, clock: Callable[[], float] = time.monotonic) -> None:
        self.info = info
        self.close_code = 1006
        self.close_reason = ""
        self._clock = clock
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._waiting_bytes = 0
        self._opened_at = self._last_active = clock()
        self._closing = asyncio.Event()

    def post(self, text: str) -> None:
        """Queues a message; order is kept.

        Raises:
            BufferFullError: too much waits already.
        """
        size = len(text.encode())
        if self._waiting_bytes + size > BUFFER_BYTES:
            raise BufferFullError
        self._waiting_bytes += size
        self._last_active = self._clock()
        self._outgoing.put_nowait(text)

    async def next_message(self) -> str:
        """The next message to send."""
        return await self._outgoing.get()

    def sent(self, text: str) -> None:
        """Notes that a message has left."""
        self._waiting_bytes -= len(text.encode())
        self._outgoing.task_done()

    async def flush(self, seconds: float) -> None:
        """Waits a little until everything queued has left."""
        try:
            async with asyncio.timeout(seconds):
                await self._outgoing.join()
        except TimeoutError:
            return

    @property
    def last_active_at(self) -> float:
        """Epoch seconds of the last message in either direction."""
        return time.time() - (self._clock() - self._last_active)

    def received(self) -> None:
        """Notes a message from the client."""
        self._last_active = self._clock()

    def close(self, code: int, reason: str) -> None:
        """Asks for the connection to be closed; the first reason stands."""
        if not self._closing.is_set():
            self.close_code, self.close_reason = code, reason
            self._closing.set()

    async def closed(self) -> None:
        """Returns once it is to be closed."""
        await self._closing.wait()

    async def watch_limits(self, idle: float, longest: float) -> None:
        """Closes it when nothing happened for `idle` seconds, or after `longest` altogether."""
        while True:
            now = self._clock()
            left = min(self._last_active + idle, self._opened_at + longest) - now
            if left <= 0:
                self.close(1001, "Going away")
                return
            await asyncio.sleep(left)
