"""`python -m tests.local_stack.gemini --port 8090`: the simulator as a process of its own."""

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from tests.local_stack.gemini.app import create_app

GRACE_S = 2


class SimulatorServer(uvicorn.Server):
    """Says when it is ready, lets waiting calls go when it stops, and ends without a traceback."""

    def __init__(self, app: Starlette, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._stopping = app.state.simulator.stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"gemini simulator listening on http://127.0.0.1:{port}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, it does not raise the signal again: being stopped is no failure."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def expected_hang_up(record: logging.LogRecord) -> bool:
    """Drops uvicorn's complaint about responses that a script cut off on purpose."""
    return "without completing response" not in record.getMessage()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.local_stack.gemini",
        description="A simulator of the Gemini API on 127.0.0.1. Any key but 'invalid' will do; "
        "PUT /dev/gemini changes how it behaves.",
    )
    parser.add_argument("--port", type=int, default=8090, help="0 lets the system choose one")
    server = SimulatorServer(create_app(), parser.parse_args().port)
    logging.getLogger("uvicorn.error").addFilter(expected_hang_up)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
