"""One worker as the gateway sees it: an inbox, a clock and a process to kill."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from tests.local_stack.lambda_runtime.invocation import Invocation


class Worker:
    """A process that serves one invocation at a time.

    Args:
        worker_id: unguessable; it is part of the address the process speaks to.
        timeout: seconds one invocation may take.
        freed: called when it can take another invocation.
    """

    def __init__(
        self, worker_id: str, timeout: float, expires_at: float, freed: Callable[["Worker"], None]
    ) -> None:
        self.worker_id = worker_id
        self.timeout = timeout
        self.expires_at = expires_at  # epoch seconds: its credentials end then
        self.pid: int | None = None
        self.invocation: Invocation | None = None
        self._freed = freed
        self._inbox: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._alarm: asyncio.TimerHandle | None = None

    def assign(self, invocation: Invocation) -> None:
        """Gives it an invocation, taken as soon as it asks for one."""
        self.invocation = invocation
        self._inbox.put_nowait(invocation)

    async def next_invocation(self) -> Invocation | None:
        """The next invocation, its time running from here; None when the process is gone."""
        invocation = await self._inbox.get()
        if invocation is None:
            return None
        invocation.start(self.pid or 0)
        self._alarm = asyncio.get_running_loop().call_later(self.timeout, self._time_out)
        return invocation

    def take(self, request_id: str) -> Invocation | None:
        """The invocation it reports about, unless that is over, and then it is free again."""
        invocation = self.invocation
        if invocation is None or invocation.request_id != request_id:
            return None
        self._stop_alarm()
        self.invocation = None
        self._freed(self)
        return invocation

    def ended(self, status: int) -> Invocation | None:
        """Its process is gone.

        Returns:
            An invocation that it was given and had not started, for another worker.
        """
        self._stop_alarm()
        self._inbox.put_nowait(None)
        invocation, self.invocation = self.invocation, None
        if invocation is None or invocation.started_at is None:
            return invocation
        invocation.crash(status)
        return None

    def kill(self) -> None:
        """Ends the process at once."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _time_out(self) -> None:
        # "Lambda stops the function" and a later invocation gets a new environment
        # ("Configure Lambda function timeout").
        if self.invocation is not None:
            self.invocation.time_out(self.timeout)
        self.kill()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
