"""The first process of a function, which forks its workers, seen from the gateway."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_PROGRAM = Path(__file__).parent / "process" / "__main__.py"


class FirstProcess:
    """Starts workers; tells when they started and ended.

    Args:
        environment: of the function, complete.
        code_dir: its working folder.
        log: file for all that the function prints.
        aws_models: folder of what its SDK knows of AWS.
        services: of AWS that the function may call, by botocore's names.
        started: called with a worker's id and its pid.
        ended: called with a worker's pid and its exit status.
        gone: called when the process itself ended, with its init error if it had one.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        code_dir: Path,
        log: Path,
        aws_models: Path,
        services: Iterable[str],
        *,
        started: Callable[[str, int], None],
        ended: Callable[[int, int], None],
        gone: Callable[[bytes | None], None],
    ) -> None:
        self._environment = dict(environment)
        self._code_dir = code_dir
        self._log = log
        self._arguments = str(aws_models), *services
        self._started = started
        self._ended = ended
        self._gone = gone
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._init_error: bytes | None = None
        self.ready = asyncio.Event()  # set when the handler is imported, or cannot be

    @property
    def pid(self) -> int | None:
        """Of the process, once it was started."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Starts the process; it imports the handler by itself."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # this program's folder must not shadow a function's modules
                str(_PROGRAM),
                *self._arguments,
                cwd=self._code_dir if self._code_dir.is_dir() else None,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._reader = asyncio.create_task(self._read())

    def fork(self, worker_id: str, environment: Mapping[str, str]) -> None:
        """Asks for a worker; it is forked once the handler is imported."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("start it first")
        command = json.dumps({"worker": worker_id, "environment": dict(environment)})
        self._process.stdin.write(command.encode() + b"\n")

    async def stop(self) -> None:
        """Ends it and with it every worker."""
        if self._process is None or self._reader is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(3):
                await asyncio.shield(self._reader)
        except TimeoutError:
            self._process.kill()
            await self._reader

    async def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        async for line in process.stdout:
            self._heard(line)
        await process.wait()
        self.ready.set()
        self._gone(self._init_error)

    def _heard(self, line: bytes) -> None:
        kind, _, rest = line.strip().partition(b" ")
        if kind == b"ready":
            self.ready.set()
        elif kind == b"failed":
            self._init_error = rest
        elif kind == b"started":
            worker_id, pid = rest.decode().split()
            self._started(worker_id, int(pid))
        elif kind == b"ended":
            pid, status = rest.decode().split()
            self._ended(int(pid), int(status))
