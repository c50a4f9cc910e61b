"""What a function builds when it is warmed: all that its first request would wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

from afterimage.ports.system import Log

Need = Callable[[], object]


class GetReady:
    """Calls what a first request needs, side by side. Nothing of it changes anything.

    What cannot be had now is no error: the request that needs it asks again.
    """

    def __init__(self, *needs: Need, executor: Executor, log: Log) -> None:
        self._needs = needs
        self._executor = executor
        self._log = log

    def __call__(self) -> None:
        asked = [self._executor.submit(need) for need in self._needs]
        failed = [error for error in (one.exception() for one in asked) if error is not None]
        for error in failed:
            self._log.warning("not_ready", reason=type(error).__name__)
        self._log.info("ready", failed=len(failed))
