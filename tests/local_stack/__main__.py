"""`python -m tests.local_stack`: the whole bundle on this machine until Ctrl-C."""

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.local_stack.children import ChildFailedError
from tests.local_stack.follow_logs import follow_logs
from tests.local_stack.loopback import listen
from tests.local_stack.options import Options, parse_options
from tests.local_stack.stack import Stack
from tests.local_stack.states import NoStateError
from tests.local_stack.template.deployment import DeploymentError

_CANNOT_START = 2
_PARENT_SECONDS = 1.0
_SAME_SIGNAL_SECONDS = 1.0


class CannotStartError(Exception):
    """Something on this machine is in the way; the message is for people."""


def main() -> int:
    """Runs the stack; returns the process's exit status."""
    options = parse_options(sys.argv[1:], os.environ)
    # The user's own AWS account has no part in this.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        with _listener(options.port) as listener, _run_dir(options) as run_dir:
            asyncio.run(_run(options, listener, run_dir))
    except CannotStartError as error:
        print(error, file=sys.stderr)
        return _CANNOT_START
    except (ChildFailedError, NoStateError) as error:
        print(f"The local stack has ended: {error}", file=sys.stderr)
        return 1
    except (DeploymentError, OSError, ValueError, ClientError, BotoCoreError) as error:
        print(f"The local stack cannot start: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(options: Options, listener: socket.socket, run_dir: Path) -> None:
    stop = _stop_event(options)
    stack = Stack(options, listener, run_dir)
    following = asyncio.create_task(follow_logs(run_dir)) if options.verbose else None
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop.wait())
    watching = asyncio.create_task(stack.watch())
    try:
        await _first(starting, stopping, watching)
        if starting.done():
            await starting
            await _first(stopping, watching)
        # Its threads finish what they have begun; what was started is stopped below.
        await asyncio.gather(starting, return_exceptions=True)
        if watching.done():
            await watching
        print("Stopping", flush=True)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        if following is not None:
            following.cancel()
        await stack.stop()


async def _first(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _stop_event(options: Options) -> asyncio.Event:
    """Set by the first signal; one that comes later ends the process at once.

    `make` passes SIGTERM on, so that one request to stop may arrive twice in a moment.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stop_or_quit() -> None:
        if not stop.is_set():
            asked_at.append(loop.time())
            stop.set()
        elif asked_at and loop.time() > asked_at[0] + _SAME_SIGNAL_SECONDS:
            os._exit(1)

    asked_at: list[float] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_or_quit)
    if options.until_parent_ends:
        _watch_parent(loop, stop, os.getppid())
    if options.until_input_closes:
        loop.add_reader(0, _read_input, loop, stop)
    return stop


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, parent: int) -> None:
    """Sets `stop` once the process has another parent than `parent`."""
    if os.getppid() != parent:
        stop.set()
    else:
        loop.call_later(_PARENT_SECONDS, _watch_parent, loop, stop, parent)


def _read_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if not os.read(0, 4096):
        loop.remove_reader(0)
        stop.set()


def _listener(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStartError(
                f"Port {port} is in use: choose another one, for example PORT={port + 1} make run"
            ) from error
        raise CannotStartError(f"Port {port} cannot be used: {error.strerror}") from error


@contextlib.contextmanager
def _run_dir(options: Options) -> Iterator[Path]:
    """The folder for logs; a temporary one is removed at the end."""
    with _locked_state(options.state_dir):
        if options.run_dir is not None:
            options.run_dir.mkdir(parents=True, exist_ok=True)
            yield options.run_dir.resolve()
            return
        folder = Path(tempfile.mkdtemp(prefix="afterimage-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked_state(state_dir: Path | None) -> Iterator[None]:
    """STATE_DIR for this stack alone."""
    if state_dir is None:
        yield
        return
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStartError(f"STATE_DIR {state_dir} is in use by another stack") from error
        yield


if __name__ == "__main__":
    sys.exit(main())
