"""Processes that the stack starts and that end with it, whatever happens to the stack.

Each child holds the reading end of a pipe as its standard input and ends when that pipe closes:
the operating system closes it even when the stack is killed. Each has a process group of its own,
so that Ctrl-C in a terminal reaches the stack alone, which then ends the others in order.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")
SAYS_WHY = 3  # exit status of a child whose last line of output says why it ended
_LAST_LINE_SECONDS = 1.0
_ROOT = Path(__file__).resolve().parents[2]


class ChildFailedError(Exception):
    """A child said nothing before it was ready, or ended before it was asked to."""


def clean_environment() -> dict[str, str]:
    """The few variables of this process that a child may see."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


class Child:
    """A Python module running in a process of its own.

    Args:
        module: what to run, as in `python -m module`.
        log: file for everything it writes after its first line.
    """

    def __init__(
        self, name: str, module: str, *args: str, env: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._lines: deque[bytes] = deque(maxlen=2)
        self._reader = threading.Thread(target=self._read, daemon=True)
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *args],
                env={**clean_environment(), "PYTHONPATH": str(_ROOT), **env},
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    def first_line(self, seconds: float) -> str:
        """The line that says it is ready; what follows goes to its log.

        Raises:
            ChildFailedError: it ended or stayed silent for that many seconds.
        """
        self._reader.start()
        deadline = time.monotonic() + seconds
        while not self._lines and self._reader.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        if not self._lines:
            raise ChildFailedError(f"{self.name} did not start; see {self.log}")
        return self._lines[0].decode(errors="replace").strip()

    def _read(self) -> None:
        output = self.process.stdout
        if output is None:
            return
        with output, self.log.open("ab", buffering=0) as log:
            for line in output:
                self._lines.append(line)
                with contextlib.suppress(OSError):  # its disk may be full
                    log.write(line)

    def tell(self, word: str) -> None:
        """Writes a line to its standard input."""
        if self.process.stdin is not None:
            self.process.stdin.write(f"{word}\n".encode())
            self.process.stdin.flush()

    def check(self) -> None:
        """Raises ChildFailedError if it has ended, with the reason."""
        status = self.process.poll()
        if status is None:
            return
        if status == SAYS_WHY:
            self._reader.join(_LAST_LINE_SECONDS)
            raise ChildFailedError(self._lines[-1].decode(errors="replace").strip())
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise ChildFailedError(f"{self.name} {how}")

    def stop(self, seconds: float = 8.0) -> bool:
        """Closes its standard input and waits; kills it after so many seconds.

        Returns:
            True when it ended by itself.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True
