"""Keeps MiniStack's state on the disk while it runs, which by itself it does at its end only.

A state is written by a forked copy of the process: the copy has all services as they were at one
moment between two requests, and the engine goes on meanwhile.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.local_stack.states import write_state

_EVERY_SECONDS = 0.5  # with the time that a state takes, well below two
_UNKNOWN = 255
# Operations that change nothing, of the protocols that name them in a header.
_READING = (b"Get", b"BatchGet", b"TransactGet", b"Query", b"Scan", b"Describe", b"List")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class NotKeptError(Exception):
    """What was acknowledged can no longer be written to STATE_DIR; says why."""


class Saver:
    """Writes the state of this process to `state_dir` whenever it has changed."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._changes = 0
        self._failure: str | None = None
        logging.getLogger("s3").addHandler(_Failures(self._fail))

    def watching(self, app: App) -> App:
        """The application, with its changes counted before they are acknowledged."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def acknowledge(message: Any) -> None:
                if message["type"] == "http.response.start" and _may_change(scope):
                    self._changes += 1
                await send(message)

            await app(scope, receive, acknowledge)

        return watched

    async def run(self, over: asyncio.Event) -> None:
        """Saves until it is over.

        Raises:
            NotKeptError: a state or a file of the bucket could not be written.
        """
        saved = -1
        while not over.is_set():
            if self._failure is not None:
                raise NotKeptError(self._failure)
            if saved != self._changes:
                saved = self._changes
                await self._save_in_copy()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), _EVERY_SECONDS)

    def save_last(self) -> None:
        """Saves after the last request.

        Raises:
            NotKeptError: it could not be written.
        """
        try:
            write_state(self._state_dir, datetime.now(UTC), _write_services, is_last=True)
        except OSError as error:
            raise NotKeptError(error.strerror or str(error)) from error

    async def _save_in_copy(self) -> None:
        moment = datetime.now(UTC)
        copy = os.fork()
        if copy == 0:
            code = _UNKNOWN
            try:
                code = _saved(self._state_dir, moment)
            finally:
                os._exit(code)  # whatever happens, nothing of the engine runs on in the copy
        _, status = await asyncio.to_thread(os.waitpid, copy, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            known = 0 < code < _UNKNOWN
            raise NotKeptError(os.strerror(code) if known else f"the copy ended with {code}")

    def _fail(self, reason: str) -> None:
        self._failure = reason


class _Failures(logging.Handler):
    """Hears of files that could not be written: MiniStack logs that, and acknowledges them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Passes on what the record says, if it is about such a file."""
        if str(record.msg).startswith("Failed to persist"):
            self._tell(record.getMessage())


def _saved(state_dir: Path, moment: datetime) -> int:
    """Exit status of a copy: 0, or the number of the error."""
    try:
        write_state(state_dir, moment, _write_services, is_last=False)
    except OSError as error:
        return error.errno or _UNKNOWN
    except Exception as error:  # noqa: BLE001 - the copy has nobody else to tell
        print(f"a state could not be made: {error!r}", file=sys.stderr, flush=True)
        return _UNKNOWN
    return 0


def _write_services(folder: Path) -> None:
    """In MiniStack's own format, but without swallowing what goes wrong."""
    from ministack import app
    from ministack.core import persistence

    for name, get_state in app._build_persistence_save_dict().items():
        state = get_state()
        if state is None:
            continue
        wrapped = {
            "__ministack_format__": persistence._state_format_version(name),
            "payload": state,
        }
        text = json.dumps(wrapped, default=persistence._json_default)
        (folder / f"{name}.json").write_text(text, "utf-8")


def _may_change(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
        return False
    target: bytes = dict(scope["headers"]).get(b"x-amz-target", b"")
    return not target.rpartition(b".")[2].startswith(_READING)
