"""Lambda's queue for asynchronous invocations.

An event keeps its request id through all attempts, is tried again after function errors, waits
without counting an attempt while there is no slot, and is given up by age or by attempts.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.local_stack.lambda_runtime.failure_record import failure_record
from tests.local_stack.lambda_runtime.function import Function
from tests.local_stack.lambda_runtime.invocation import Outcome, ThrottledError
from tests.local_stack.lambda_runtime.retry_rules import (
    Delays,
    GiveUp,
    after_failure,
    after_throttle,
)

Sleep = Callable[[float], Awaitable[None]]


@dataclass
class QueuedEvent:
    """One event in the queue."""

    payload: bytes
    qualifier: str | None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    throttles: int = 0
    last: Outcome | None = None


class EventQueue:
    """The queue of one function.

    Args:
        send_record: delivers a failure record to the destination, an ARN.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        function: Function,
        delays: Delays,
        send_record: Callable[[Function, str, bytes], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._function = function
        self._delays = delays
        self._send_record = send_record
        self._clock = clock
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, payload: bytes, qualifier: str | None) -> str:
        """Queues an event and returns its request id."""
        event = QueuedEvent(payload, qualifier)
        task = asyncio.create_task(self.process(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return event.request_id

    async def stop(self) -> None:
        """Forgets what waits."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def process(self, event: QueuedEvent) -> None:
        """One event from its first attempt to its success or its record."""
        settings = self._function.spec.settings(event.qualifier)
        queued_at = self._clock()
        while True:
            throttled = not await self._attempt(event)
            if not throttled and event.last is not None and not event.last.failed:
                return
            age = self._clock() - queued_at
            if throttled:
                event.throttles += 1
                verdict = after_throttle(settings, self._delays, throttles=event.throttles, age=age)
            else:
                verdict = after_failure(settings, self._delays, attempts=event.attempts, age=age)
            if isinstance(verdict, GiveUp):
                self._give_up(event, verdict.condition, settings.on_failure)
                return
            await self._sleep(verdict.seconds)

    async def _attempt(self, event: QueuedEvent) -> bool:
        """One invocation; False when there was no slot for it."""
        try:
            task = self._function.begin(event.payload, event.qualifier, event.request_id)
        except ThrottledError:
            return False
        event.attempts += 1
        event.throttles = 0
        event.last = await asyncio.shield(task)
        return True

    def _give_up(self, event: QueuedEvent, condition: str, destination: str | None) -> None:
        if destination is None:
            return
        arn = self._function.spec.arn
        record = failure_record(
            request_id=event.request_id,
            function_arn=f"{arn}:{event.qualifier or '$LATEST'}",
            condition=condition,
            attempts=event.attempts,
            payload=event.payload,
            outcome=event.last,
            version=self._function.spec.version,
        )
        self._send_record(self._function, destination, json.dumps(record).encode())
