"""What a storm does to the stack: kills, cuts, deliveries that come twice, and bad weather.

Only processes are killed that descend from the stack's own and that its `/dev/status` lists as
running an invocation.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.faults import proxy
from tests.faults.calls import Call
from tests.faults.client import Client
from tests.faults.invariants import OPEN, UNENDED_JOB
from tests.faults.processes import descendants, function_of
from tests.faults.read_committed import ReadCommitted
from tests.local_stack.testing import RunningStack
from tests.support.stored import query

# How much more often a function is hit than another, given that both are running.
_LIKELY = {
    "llm_handler_gemini": 6,
    "image_generate": 6,
    "image_upload": 6,
    "keeper": 4,
    "chat_api": 1,
    "websocket": 1,
}


@dataclass(frozen=True)
class Kill:
    function: str
    request_id: str
    at: float  # epoch seconds


@dataclass
class Faults:
    """Everything that was done to the stack.

    Attributes:
        root: the stack's own process.
        pace: seconds from one message to the next. Faults keep step with it, so that a longer
            storm is not a worse one.
        counted: faults by what they are.
    """

    stack: RunningStack
    root: int
    chance: random.Random
    pace: float
    kills: list[Kill] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    async def blow(self, clients: Sequence[Client], until: asyncio.Event) -> None:
        """All kinds side by side until told to stop."""
        await asyncio.gather(
            self._now_and_then(until, 3 * self.pace, self._kill_somebody),
            self._now_and_then(until, 2 * self.pace, lambda: self._cut(clients)),
            self._now_and_then(until, 4 * self.pace, lambda: self._deliver_again(clients)),
        )

    async def _now_and_then(
        self, until: asyncio.Event, mean: float, strike: Callable[[], Any]
    ) -> None:
        while not until.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(until.wait(), self.chance.expovariate(1 / mean))
                return
            result = strike()
            if asyncio.iscoroutine(result):
                await result

    async def _kill_somebody(self) -> None:
        running = (await asyncio.to_thread(self.stack.status))["invocations"]
        if not running:
            return
        weights = [_LIKELY.get(one["function"], 1) for one in running]
        [victim] = self.chance.choices(running, weights)
        # A worker's pid may not be known yet, and 0 would mean ourselves.
        ours = await asyncio.to_thread(descendants, self.root)
        if victim["pid"] not in ours or function_of(victim["pid"]) != victim["function"]:
            return
        try:
            os.kill(victim["pid"], signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills.append(Kill(victim["function"], victim["request_id"], time.time()))
        self.counted[f"kill {victim['function']}"] += 1

    def _cut(self, clients: Sequence[Client]) -> None:
        client = self.chance.choice(clients)
        if client.connected:
            client.cut()
            self.counted["cut socket"] += 1

    async def _deliver_again(self, clients: Sequence[Client]) -> None:
        """A delivery of a job that came already, or an on-failure record of it."""
        waiting = [client for client in clients if _is_waiting(client)]
        user_id = self.chance.choice(waiting or clients).user
        rows = await asyncio.to_thread(query, self.stack, "ImageGenerationLogTable", user_id)
        jobs = [row for row in rows if "message_id" in row]
        # Most often of one that is under way: what has ended is the easier case.
        jobs = [row for row in jobs if row["status"] in UNENDED_JOB] or jobs[-20:]
        if not jobs:
            return
        job = self.chance.choice(jobs)
        payload = {
            "user_id": job["user_id"],
            "chat_id": job["chat_id"],
            "message_id": job["message_id"],
            "job_id": job["entry"],
            "attempt": self.chance.choice((1, int(job["attempt"]))),
            "correlation_id": "again",
        }
        if self.chance.random() < 0.6:
            await asyncio.to_thread(self._invoke, "image_generate", payload)
            return
        condition = self.chance.choice(("RetriesExhausted",) * 3 + ("EventAgeExceeded",))
        request_id = self.chance.choice((job.get("claimed_by", "never claimed"), "another"))
        context = {"condition": condition, "requestId": request_id}
        record = {"requestContext": context, "requestPayload": payload}
        await asyncio.to_thread(self._invoke, "keeper", record)

    def _invoke(self, function: str, payload: dict[str, Any]) -> None:
        with contextlib.suppress(ClientError, BotoCoreError):
            self.stack.aws("lambda").invoke(
                FunctionName=f"{self.stack.functions[function]}:live",
                InvocationType="Event",
                Payload=json.dumps(payload).encode(),
            )
            self.counted[f"deliver {function} again"] += 1


def _is_waiting(client: Client) -> bool:
    return any(message["meta"]["status"] in OPEN for message in client.shown.messages.values())


# --- Weather: what happens to the functions' own requests ----------------------------------------

_DYNAMODB = ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGet", "TransactWrite")
_SMALLEST_TORN = 2  # rows
_S3 = ("PutObject", "GetObject", "DeleteObject")


def torn(exchange: proxy.Exchange) -> proxy.Answer | None:
    """A query that has not seen one of its rows yet: DynamoDB reads them one by one."""
    answer = exchange.forward()
    if answer is None:
        return None
    body = json.loads(answer.body)
    rows = body.get("Items", [])
    if len(rows) < _SMALLEST_TORN:
        return answer
    del rows[len(rows) // 2]
    body |= {"Count": len(rows), "ScannedCount": len(rows)}
    headers = [(name, value) for name, value in answer.headers if name.lower() != "x-amz-crc32"]
    return proxy.Answer(answer.status, headers, json.dumps(body).encode())


@dataclass(frozen=True)
class _Kind:
    name: str
    steps: tuple[str, ...]
    likely: float
    action: proxy.Action


_KINDS = (
    _Kind("DynamoDB throttles", _DYNAMODB, 0.01, proxy.dynamodb_error("ThrottlingException")),
    _Kind(
        "TransactionConflict",
        ("TransactWrite",),
        0.06,
        proxy.cancelled_transaction("TransactionConflict", "None"),
    ),
    _Kind(
        "throttled in a transaction",
        ("TransactWrite",),
        0.02,
        proxy.cancelled_transaction("None", "ThrottlingError"),
    ),
    _Kind("connection reset", (*_DYNAMODB, *_S3, "Invoke"), 0.008, proxy.reset),
    _Kind("answer lost", (*_DYNAMODB, *_S3, "Invoke"), 0.008, proxy.lose_answer),
    _Kind("request twice", (*_DYNAMODB, *_S3, "Invoke"), 0.008, proxy.duplicate),
    _Kind("torn read", ("Query channel_events",), 0.15, torn),
    _Kind("slow", (*_DYNAMODB, *_S3, "Invoke", "PostTo"), 0.02, proxy.delay(0.3)),
    _Kind("no such connection", ("PostTo",), 0.01, proxy.aws_error(410, "GoneException")),
    _Kind("full connection", ("PostTo",), 0.01, proxy.aws_error(429, "LimitExceededException")),
    _Kind("frame refused", ("PostTo",), 0.005, proxy.aws_error(413, "PayloadTooLargeException")),
    _Kind("batch in part", ("Batch",), 0.05, proxy.in_part),
    _Kind(
        "BatchGetItem throttles",
        ("BatchGet",),
        0.05,
        proxy.dynamodb_error("ThrottlingException"),
    ),
    _Kind(
        "conflict of uploads",
        ("PutObject original",),
        0.05,
        proxy.s3_error(409, "ConditionalRequestConflict"),
    ),
    _Kind("Invoke throttles", ("Invoke",), 0.03, proxy.aws_error(429, "TooManyRequestsException")),
)


class Sky(proxy.FaultProxy):
    """A proxy that does not ask who sends: in a storm that would be most of the work."""

    def sender(self, *_: int) -> tuple[int | None, str]:
        return None, ""


# Beside those kinds: an item of a transaction is seen late, so often and by at most so much (s).
READ_COMMITTED = "read-committed"
_LATE, _LATEST = 0.05, 0.5
_MEETS_IT = 0.5  # a read of whole transactions, the transaction whose items are still seen late

KINDS = (*(kind.name for kind in _KINDS), READ_COMMITTED)


class Weather:
    """Rules of a proxy that strike by chance, while it blows.

    Args:
        kinds: names of those that do.
    """

    def __init__(
        self, between: proxy.FaultProxy, faults: Faults, kinds: Collection[str] = KINDS
    ) -> None:
        self.blows = False
        self._faults = faults
        for kind in _KINDS:
            if kind.name in kinds:
                between.add(_Gust(kind, self, faults))
        if READ_COMMITTED in kinds:
            dynamodb = faults.stack.aws("dynamodb")
            between.beneath = ReadCommitted(dynamodb, self._seconds_late, self._meets_it)

    def _seconds_late(self, _: str) -> float:
        chance = self._faults.chance
        if not self.blows or chance.random() >= _LATE:
            return 0.0
        self._faults.counted["item seen late"] += 1
        return chance.uniform(0, _LATEST)

    def _meets_it(self) -> bool:
        return self._faults.chance.random() < _MEETS_IT


class _Gust(proxy.Rule):
    """A rule that is not for the nth request but for any, with a probability."""

    def __init__(self, kind: _Kind, weather: Weather, faults: Faults) -> None:
        super().__init__(self._struck, step="")
        self._kind = kind
        self._weather = weather
        self._faults = faults

    def wants(self, call: Call) -> bool:
        return (
            self._weather.blows
            and call.step.startswith(self._kind.steps)
            and self._faults.chance.random() < self._kind.likely
        )

    def _struck(self, exchange: proxy.Exchange) -> proxy.Answer | None:
        self._faults.counted[self._kind.name] += 1
        return self._kind.action(exchange)
