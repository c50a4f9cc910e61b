"""One invocation and what comes of it."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

# "6 MB each for request and response (synchronous)" (page "Lambda quotas"); the runtime's own
# message names the exact figure.
MAX_RESPONSE_BYTES = 6_291_556


class ThrottledError(Exception):
    """No free slot: the function's reserved concurrency is in use."""


@dataclass(frozen=True)
class Outcome:
    """What an invocation ended with.

    Attributes:
        payload: JSON; of the result, or {"errorType", "errorMessage", …}.
        failed: True for a function error ("Unhandled").
    """

    payload: bytes
    failed: bool = False


@dataclass(eq=False)  # one invocation equals only itself
class Invocation:
    """An event on its way to a worker and the outcome on its way back."""

    payload: bytes
    function_arn: str  # as invoked, with the alias
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: "asyncio.Future[Outcome]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    started_at: float | None = None  # epoch seconds, once a worker has it
    pid: int | None = None

    def start(self, pid: int) -> None:
        """Notes that a worker has the event."""
        self.started_at = time.time()
        self.pid = pid

    def succeed(self, payload: bytes) -> None:
        """Ends with the handler's result, unless that is too large."""
        if len(payload) > MAX_RESPONSE_BYTES:
            self.fail(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size "
                f"({MAX_RESPONSE_BYTES} bytes).",
            )
        else:
            self._end(Outcome(payload))

    def fail_with(self, payload: bytes) -> None:
        """Ends with an error that the runtime reported."""
        self._end(Outcome(payload, failed=True))

    def fail(self, error_type: str, message: str) -> None:
        """Ends with an error of the platform."""
        self.fail_with(json.dumps({"errorType": error_type, "errorMessage": message}).encode())

    def time_out(self, seconds: float) -> None:
        """Ends as Lambda ends an invocation that ran too long."""
        self.fail(
            "Sandbox.Timedout",
            f"RequestId: {self.request_id} Error: Task timed out after {seconds:.2f} seconds",
        )

    def crash(self, status: int) -> None:
        """Ends as Lambda ends an invocation whose process ended.

        Args:
            status: exit status, or the negative number of a signal.
        """
        what = "signal: killed" if status < 0 else f"exit status {status}"
        self.fail(
            "Runtime.ExitError",
            f"RequestId: {self.request_id} Error: Runtime exited with error: {what}",
        )

    def _end(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)
