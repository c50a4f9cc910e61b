"""Sends an answer at its hour, whole or in pieces, or fails to in the way a script asked for."""

import asyncio
from collections.abc import Callable, Iterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Step = tuple[float, bytes]
# Of an answer at a pace; so much passes at 50 MB a second in a good millisecond.
_PIECE = 64 * 1024


class Delivery(Response):
    """`steps`: (time of the event loop in seconds, bytes). A stream declares no length.

    `cut_after` bytes the connection breaks; `steps` None never answers at all. Waiting ends early
    when the client leaves or `stopping` is set.
    """

    def __init__(
        self,
        steps: list[Step] | None,
        stopping: asyncio.Event,
        status: int = 200,
        content_type: str = "application/json; charset=UTF-8",
        is_stream: bool = False,
        cut_after: int | None = None,
    ) -> None:
        super().__init__(status_code=status)
        length = sum(len(data) for _, data in steps or [])
        # A response that was to be cut must stay incomplete even if it is shorter than the cut.
        self._room = length if cut_after is None else min(cut_after, max(0, length - 1))
        self._cut = cut_after is not None
        self._steps = steps
        self._ended: Callable[[], None] = lambda: None
        self._stopping = stopping
        self.raw_headers = [(b"content-type", content_type.encode())]
        if not is_stream:
            self.raw_headers.append((b"content-length", str(length).encode()))

    def over_a_line(self, bytes_a_second: float, ended: Callable[[], None]) -> "Delivery":
        """Itself, at the pace of a line (0: none), which says when the last byte was written."""
        if self._steps and bytes_a_second:
            now = asyncio.get_running_loop().time()
            self._steps = list(paced(self._steps, bytes_a_second, now))
        self._ended = ended
        return self

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(self._until_gone(receive))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await self._deliver(send, leaving, stopping)
        finally:
            leaving.cancel()
            stopping.cancel()

    async def _deliver(
        self, send: Send, leaving: asyncio.Task[None], stopping: asyncio.Task[bool]
    ) -> None:
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        started = False
        for due, data in self._steps or [(float("inf"), b"")]:
            if not await _wait(due, leaving, stopping):
                if not started:
                    await send(start | {"headers": [(b"content-length", b"1")]})
                return  # returning from an unfinished response makes the server hang up
            if not started:
                await send(start)
                started = True
            piece = data[: self._room]
            self._room -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if self._cut and not self._room:
                return
        self._ended()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @staticmethod
    async def _until_gone(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def paced(steps: list[Step], bytes_a_second: float, free: float) -> Iterator[Step]:
    """The same in small pieces, none before a line of that pace has brought it.

    `free`: from when on the line is.
    """
    for due, data in steps:
        free = max(free, due)
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            free += len(piece) / bytes_a_second
            yield free, piece


async def _wait(due: float, leaving: asyncio.Task[None], stopping: asyncio.Task[bool]) -> bool:
    """True when the hour has come, False when nobody waits for it any more."""
    left = due - asyncio.get_running_loop().time()
    if left <= 0:
        return True
    timeout = None if left == float("inf") else left
    done, _ = await asyncio.wait(
        {leaving, stopping}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
    )
    return not done
