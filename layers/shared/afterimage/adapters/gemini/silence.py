"""How long is listened behind a model's reason to end.

Models and gateways have been seen to give a reason with every event, and with empty ones before the
first word. So where one may not be the last, its answer ends where the body does, or where nothing
follows for a while.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from datetime import timedelta


class Silence:
    """Ends a stream that has stopped and says no more.

    Args:
        longest: that it may be silent behind a reason.
        unwanted: has ended as soon as nobody wants any more of it.

    Attributes:
        over: has ended as soon as the stream is to be left.
    """

    def __init__(self, longest: timedelta, unwanted: Future[None] | None = None) -> None:
        self._longest = longest.total_seconds()
        self._timer: threading.Timer | None = None
        self.over: Future[None] = Future()
        if unwanted is not None:
            unwanted.add_done_callback(lambda _: self._end())

    def begins(self, *, has_stopped: bool) -> None:
        """An event has come. Args: has_stopped: whether the model has said that it ended."""
        self.close()
        if has_stopped:
            self._timer = threading.Timer(self._longest, self._end)
            self._timer.daemon = True
            self._timer.start()

    def _end(self) -> None:
        with suppress(InvalidStateError):  # it has ended in the other way
            self.over.set_result(None)

    def close(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
