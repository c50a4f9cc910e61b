"""Lets containers reach servers that listen on this machine's loopback interface only.

It listens on the containers' bridge, never on all interfaces, and takes connections from the
bridge's own network alone: on Linux, others on the same network can otherwise reach any address
of a machine.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, ip_address
from types import TracebackType
from typing import Any, Self

_AT_ONCE = 256  # connections; more are closed as they come
_PIECE = 65_536  # bytes
_SECONDS = 10


class Forward:
    """The same ports on the bridge as on the loopback interface, while the context lasts.

    Args:
        address: this machine's own on the bridge.
        network: whose addresses may connect.
    """

    def __init__(self, address: IPv4Address, network: IPv4Network, ports: Iterable[int]) -> None:
        self._address = address
        self._network = network
        self._ports = tuple(ports)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        """Raises: OSError (the address is none of this machine, or a port is in use)."""
        self._thread.start()
        try:
            self._run(self._listen()).result(_SECONDS)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._close()).result(_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _listen(self) -> None:
        for port in self._ports:
            self._servers.append(await self._listen_on(port))

    async def _listen_on(self, port: int) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is None or not self._takes(writer.get_extra_info("peername")[0]):
                writer.close()
                return
            self._open.add(task)
            try:
                await _join(reader, writer, port)
            finally:
                self._open.discard(task)
                writer.close()

        return await asyncio.start_server(serve, str(self._address), port)

    def _takes(self, peer: str) -> bool:
        return ip_address(peer) in self._network and len(self._open) < _AT_ONCE

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Passes bytes both ways until both sides have said all."""
    try:
        answers, asks = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return
    try:
        await asyncio.gather(_pass_on(reader, asks), _pass_on(answers, writer))
    finally:
        asks.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
