"""MiniStack as a child of the local stack: loopback only, ends when standard input closes.

It saves its state on a clean stop only, and closing its input is one, so that STATE_DIR is
complete even when the stack itself was killed.
"""

import asyncio
import os

from tests.local_stack.loopback import listen

# Client-closed connections stay half open until this many seconds have passed.
_KEEP_ALIVE_SECONDS = 15
_SECONDS_TO_END = 2


async def _input_closed() -> None:
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            closed.set()

    loop.add_reader(0, read)
    await closed.wait()


def main() -> None:
    """Serves on a free port and says which."""
    listener = listen(0)
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)  # read on import of ministack

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _SECONDS_TO_END
    config.loglevel = "WARNING"
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    asyncio.run(serve(app, config, shutdown_trigger=_input_closed))


if __name__ == "__main__":
    main()
