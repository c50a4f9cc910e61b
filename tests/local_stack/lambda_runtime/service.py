"""All functions together: found by name or ARN, invoked now or by the queue."""

import asyncio
import re
from collections.abc import Callable, Iterable

from tests.local_stack.lambda_runtime.event_queue import EventQueue
from tests.local_stack.lambda_runtime.function import Function
from tests.local_stack.lambda_runtime.invocation import Outcome
from tests.local_stack.lambda_runtime.retry_rules import Delays

# A name, a partial or a full ARN, each with an optional qualifier (API reference, "Invoke").
_REFERENCE = re.compile(
    r"(?:(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?function:)?(?P<name>[\w-]+)(?::(?P<q>[\w$-]+))?"
)


class UnknownFunctionError(LookupError):
    """No function, or no alias of it, by that name."""


class LambdaService:
    """The functions of the stack.

    Args:
        delays: of the asynchronous queues.
        may_send: whether a function's role may invoke a destination, by role and ARN.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        delays: Delays,
        may_send: Callable[[str, str, str], bool],
    ) -> None:
        self.functions = {function.spec.name: function for function in functions}
        self._may_send = may_send
        self._queues = {
            name: EventQueue(function, delays, self._send_record)
            for name, function in self.functions.items()
        }

    def find(self, reference: str, qualifier: str | None = None) -> tuple[Function, str | None]:
        """The function and the qualifier that a reference names.

        Raises:
            UnknownFunctionError: there is none.
        """
        match = _REFERENCE.fullmatch(reference)
        function = self.functions.get(match["name"]) if match else None
        if match is None or function is None:
            raise UnknownFunctionError(reference)
        found = qualifier or match["q"]
        if found not in (None, "$LATEST", function.spec.version, *function.spec.qualifiers):
            raise UnknownFunctionError(f"{reference}:{found}")
        return function, found

    def begin(self, reference: str, payload: bytes) -> "asyncio.Task[Outcome]":
        """Starts an invocation; raises ThrottledError when there is no slot."""
        function, qualifier = self.find(reference)
        return function.begin(payload, qualifier)

    def enqueue(self, reference: str, payload: bytes, qualifier: str | None = None) -> str:
        """Queues an event for a function and returns its request id."""
        function, qualifier = self.find(reference, qualifier)
        return self._queues[function.spec.name].put(payload, qualifier)

    async def stop(self, drain_seconds: float) -> None:
        """Lets what runs finish briefly, then ends every process."""
        functions = self.functions.values()
        await asyncio.gather(*(queue.stop() for queue in self._queues.values()))
        await asyncio.gather(*(function.drain(drain_seconds) for function in functions))
        await asyncio.gather(*(function.stop() for function in functions))

    def _send_record(self, source: Function, destination: str, record: bytes) -> None:
        # "To send records to a destination, your function needs additional permissions in its
        # execution role" ("Capturing records of Lambda asynchronous invocations").
        if not self._may_send(source.spec.role_arn, "lambda:InvokeFunction", destination):
            print(f"  {source.spec.short_name}: its role may not invoke {destination}")
            return
        self.enqueue(destination, record)
