"""From POST to the placeholder at the socket, over the least it could take.

The floor is what no design avoids: the caller's state read and changed (a Query and a
TransactWriteItems of two items, by boto3 in this process), one invocation through the HTTP API,
and one frame posted to the connection. The invocation is `GET /static/nothing`: `web_page` looks
for a file, finds none and answers 404, which is as near to a silent function as the bundle has;
it logs one line.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any

import httpx

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import PONG, User, is_placeholder, is_pong
from tests.benchmarks.report import (
    NO_TARGET,
    Measure,
    Table,
    Target,
    in_turns,
    middle_and_worst,
    ms,
)
from tests.local_stack.testing import RunningStack

_ROUNDS = 15
_SLOW_ROUNDS = 8
_SLOW_MS = 10_000
_SETTLE_S = 0.1  # then the function has asked the model and only waits
_TARGET = Target(2.0, "≤ {} x floor")


def measure(bench: Bench) -> Iterable[Table]:
    with ThreadPoolExecutor(24) as executor:
        user = User(bench.stack, executor)
        try:
            yield _compare(bench, user)
        finally:
            user.close()


def _compare(bench: Bench, user: User) -> Table:
    asking = Asking(bench.stack, user)
    floor = Floor(bench.stack, user)
    _warm_up(asking, floor)
    parts = floor.parts()
    quick: list[Measure] = [partial(asking.placeholder, 0), partial(asking.placeholder, 1000)]
    *floors, at_once, second = in_turns(_ROUNDS * bench.repeat, [*parts.values(), *quick])
    slow_measures: list[Measure] = [
        *parts.values(),
        partial(asking.placeholder, _SLOW_MS, wait_for_it=False),
    ]
    *slow_floors, slow = _in_batches(bench.repeat, slow_measures, asking)
    table = Table(
        "POST to the placeholder's frame at the socket",
        ("", "median", "worst", "x floor", "target", "this run"),
        notes=(
            "Floor: the sum of the four medians, of samples that took turns with the placeholders.",
            "The placeholder is the second of two frames; the floor holds one.",
        ),
    )
    for name, sample in zip(parts, floors, strict=True):
        table.add(name, *middle_and_worst(sample), "", *NO_TARGET)
    usual, for_slow = _sum_of_medians(floors), _sum_of_medians(slow_floors)
    table.add("floor", ms(usual), "", "1.0", *NO_TARGET)
    table.add(f"floor beside the {_SLOW_MS} ms", ms(for_slow), "", "1.0", *NO_TARGET)
    for model_ms, sample, least in (
        (0, at_once, usual),
        (1000, second, usual),
        (_SLOW_MS, slow, for_slow),
    ):
        ratio = median(sample) / least
        name = f"placeholder, the model takes {model_ms} ms"
        table.add(name, *middle_and_worst(sample), f"{ratio:.2f}", *_TARGET.judged(ratio))
    return table


def _in_batches(times: int, measures: Sequence[Measure], asking: "Asking") -> list[list[float]]:
    """As `in_turns`, a few rounds at a time: a user has at most ten answers under way."""
    samples: list[list[float]] = [[] for _ in measures]
    for _ in range(times):
        asking.warm_up(_SLOW_ROUNDS + 1)
        for sample, more in zip(samples, in_turns(_SLOW_ROUNDS, measures), strict=True):
            sample.extend(more)
        asking.finish()
    return samples


def _sum_of_medians(samples: Sequence[Sequence[float]]) -> float:
    return sum(median(sample) for sample in samples)


def _warm_up(asking: "Asking", floor: "Floor") -> None:
    for _ in range(3):
        asking.placeholder(0)
        for part in floor.parts().values():
            part()


class Asking:
    """Asks a model that takes as long as one wants."""

    def __init__(self, stack: RunningStack, user: User) -> None:
        self._stack = stack
        self._user = user
        self._script: list[dict[str, object]] = []
        self._unfinished: list[tuple[int, Future[httpx.Response]]] = []

    def placeholder(self, model_ms: int, *, wait_for_it: bool = True) -> float:
        """Milliseconds from the POST to the placeholder's frame."""
        word = uuid.uuid4().hex
        # A new script replaces the old one, whose last entries may not have been served yet.
        self._script.append({"on": "text", "delay_ms": model_ms, "match": word})
        self._stack.gemini(script=self._script)
        started = time.time()
        self._unfinished.append((model_ms, self._user.ask(f"hello {word}")))
        arrived = self._user.seen(is_placeholder)
        if wait_for_it:
            self.finish()
        else:
            time.sleep(_SETTLE_S)
        return (arrived - started) * 1000

    def warm_up(self, processes: int) -> None:
        """As many processes as answers will be under way at once, their connections open.

        The data engine closes a connection that was silent for 15 seconds.
        """
        for _ in range(2 * processes):
            self.placeholder(1000, wait_for_it=len(self._unfinished) == processes - 1)

    def finish(self) -> None:
        """Waits for every answer that was asked for, and checks that it took its time."""
        for model_ms, answer in self._unfinished:
            response = answer.result().raise_for_status()
            assert response.elapsed.total_seconds() * 1000 >= model_ms
        self._unfinished.clear()


class Floor:
    """The least that a placeholder could cost, one measure a part."""

    def __init__(self, stack: RunningStack, user: User) -> None:
        self._user = user
        self._dynamodb = stack.aws("dynamodb")
        self._management = stack.aws("apigatewaymanagementapi")
        self._channels = stack.name("ChannelsTable")
        self._events = stack.name("ChannelEventsTable")
        self._connection = self._connection_id()

    def parts(self) -> dict[str, Measure]:
        return {
            "  Query": partial(_timed, self._query),
            "  TransactWriteItems, two items": partial(_timed, self._transact),
            "  an invocation (GET of no file)": partial(_timed, self._invoke),
            "  a post to the socket": partial(_timed, self._post),
        }

    def _query(self) -> Any:
        return self._dynamodb.query(
            TableName=self._channels,
            KeyConditionExpression="user_id = :u",
            ExpressionAttributeValues={":u": {"S": self._user.id}},
            ConsistentRead=True,
        )

    def _transact(self) -> None:
        user = {"S": f"floor-{uuid.uuid4().hex}"}
        counter = {"user_id": user, "entry": {"S": "seq"}, "seq": {"N": "1"}}
        event = {"user_id": user, "seq": {"N": "1"}, "name": {"S": "message-insert"}}
        self._dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": self._channels, "Item": counter}},
                {"Put": {"TableName": self._events, "Item": event}},
            ]
        )

    def _invoke(self) -> None:
        response = self._user.http.get("/static/nothing")
        assert response.status_code == 404

    def _post(self) -> None:
        self._management.post_to_connection(ConnectionId=self._connection, Data=PONG)
        self._user.tab.until(is_pong)

    def _connection_id(self) -> str:
        entries = [row["entry"]["S"] for row in self._query()["Items"]]
        (connection,) = [entry for entry in entries if entry.startswith("connection#")]
        return str(connection.removeprefix("connection#"))


def _timed(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000
