"""MiniStack as a child of the local stack: loopback only, ends when standard input closes.

`python -m tests.local_stack.engine [STATE_DIR]`. With a STATE_DIR it keeps its state there from the
first byte of its input on, which says that the stack is deployed, and once more at its end: closing
its input is an orderly end, so that nothing is lost when the stack itself was killed.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from tests.local_stack.children import SAYS_WHY
from tests.local_stack.loopback import listen
from tests.local_stack.saver import NotKeptError, Saver
from tests.local_stack.states import engine_lock

# Client-closed connections stay half open until this many seconds have passed.
_KEEP_ALIVE_SECONDS = 15
_SECONDS_TO_END = 2


class _Input:
    """What the stack says: something once it is deployed, and by closing that it is over."""

    def __init__(self) -> None:
        self.is_deployed = False
        self.something = asyncio.Event()
        self.closed = asyncio.Event()
        asyncio.get_running_loop().add_reader(0, self._read)

    def _read(self) -> None:
        self.something.set()
        if os.read(0, 4096):
            self.is_deployed = True
        else:
            asyncio.get_running_loop().remove_reader(0)
            self.closed.set()


async def _serve(descriptor: int, saver: Saver | None) -> None:
    """Until the input closes, or the state can no longer be kept."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _SECONDS_TO_END
    config.loglevel = "WARNING"
    heard = _Input()
    if saver is None:
        await serve(app, config, shutdown_trigger=heard.closed.wait)
        return

    async def save() -> None:
        await heard.something.wait()
        await saver.run(heard.closed)

    async def over() -> None:
        await asyncio.wait([saving])

    saving = asyncio.create_task(save())
    await serve(saver.watching(app), config, shutdown_trigger=over)  # type: ignore[arg-type]
    await saving
    if heard.is_deployed:
        saver.save_last()


def main(arguments: list[str]) -> None:
    """Serves on a free port and says which."""
    state_dir = Path(arguments[0]) if arguments else None
    listener = listen(0)
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)  # read on import of ministack
    with engine_lock(state_dir) if state_dir else contextlib.nullcontext():
        saver = Saver(state_dir) if state_dir else None
        print(f"listening on http://127.0.0.1:{port}", flush=True)
        try:
            asyncio.run(_serve(listener.detach(), saver))
        except NotKeptError as error:
            print(f"STATE_DIR {state_dir} cannot be written: {error}", flush=True)
            # Not by Python's own end: its log may be on the same disk, and would change the status.
            os._exit(SAYS_WHY)


if __name__ == "__main__":
    main(sys.argv[1:])
