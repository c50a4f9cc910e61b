"""A client that missed a thousand events comes back: how fast, beside the least it could take.

The floor is what no design avoids on this machine: the engine gives out the thousand references,
and the connection takes a thousand frames, one after the other as they must arrive. Both are done
by boto3 in this process, in turns with the replay.
"""

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import PONG, User, is_pong
from tests.benchmarks.report import NO_TARGET, Table, Target, in_turns, ms
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import is_update
from tests.support.missed_events import miss

_EVENTS = 1_000
_PAGE = 200  # events that one `resume` brings
_ROUNDS = 5
_TARGET = Target(2.0, "≤ {} x floor")


def measure(bench: Bench) -> Iterable[Table]:
    with ThreadPoolExecutor(1) as executor:
        user = User(bench.stack, executor)
        try:
            yield _compare(bench, _Missed(bench.stack, user))
        finally:
            user.close()


def _compare(bench: Bench, missed: "_Missed") -> Table:
    missed.replay()  # warm
    queries, posts, replays = in_turns(
        _ROUNDS * bench.repeat, [missed.query, missed.post, missed.replay]
    )
    floor = median(queries) + median(posts)
    table = Table(
        f"Replay of {_EVENTS} missed events to one connection",
        ("", "median", "events a second", "x floor", "target", "this run"),
        notes=("The replay reads each event's row as well, and is asked for five times.",),
    )
    for name, sample in (("  queries", queries), ("  posts to the connection", posts)):
        table.add(name, ms(median(sample)), _rate(median(sample)), "", *NO_TARGET)
    table.add("floor", ms(floor), _rate(floor), "1.0", *NO_TARGET)
    took = median(replays)
    table.add("replay", ms(took), _rate(took), f"{took / floor:.2f}", *_TARGET.judged(took / floor))
    return table


def _rate(milliseconds: float) -> str:
    return f"{_EVENTS / milliseconds * 1000:.0f}"


class _Missed:
    """A user whose chat was renamed a thousand times while they were away."""

    def __init__(self, stack: RunningStack, user: User) -> None:
        self._dynamodb = stack.aws("dynamodb")
        self._management = stack.aws("apigatewaymanagementapi")
        self._events = stack.name("ChannelEventsTable")
        self._channels = stack.name("ChannelsTable")
        self._user = user
        stack.gemini(text_ms=0)
        user.ask("hello").result().raise_for_status()
        user.tab.until(is_update("complete"))  # nothing of it shall come in a replay's way
        chat = user.http.get("/chats").raise_for_status().json()["chats"][0]["id"]
        self._seq = int(user.http.get("/realtime/events").raise_for_status().json()["seq"])
        miss(stack, user.id, self._seq, _EVENTS, chat)
        self._frame = self._one_frame()
        self._connection = self._connection_id()

    def query(self) -> float:
        started = time.perf_counter()
        after = self._seq
        while after < self._seq + _EVENTS:
            page = self._dynamodb.query(
                TableName=self._events,
                KeyConditionExpression="user_id = :u AND seq > :n",
                ExpressionAttributeValues={":u": {"S": self._user.id}, ":n": {"N": str(after)}},
                ConsistentRead=True,
                Limit=_PAGE,
            )
            after = int(page["Items"][-1]["seq"]["N"])
        return (time.perf_counter() - started) * 1000

    def post(self) -> float:
        started = time.perf_counter()
        for frame in [*[self._frame] * (_EVENTS - 1), PONG]:
            self._management.post_to_connection(ConnectionId=self._connection, Data=frame)
        self._user.tab.until(is_pong)
        return (time.perf_counter() - started) * 1000

    def replay(self) -> float:
        """As a client does it: `resume` again and again, until it is level."""
        tab = self._user.tab
        tab.frames.clear()
        started = time.perf_counter()
        tab.send({"action": "resume", "after": self._seq})
        while (told := tab.resumed())["event"] == "more":
            tab.send({"action": "resume", "after": told["seq"]})
        took = (time.perf_counter() - started) * 1000
        assert tab.numbers() == list(range(self._seq + 1, self._seq + _EVENTS + 1))
        return took

    def _one_frame(self) -> bytes:
        """One of the frames of the replay, as it is sent; its number does not count here."""
        path = f"/realtime/events?after={self._seq}"
        frame = self._user.http.get(path).raise_for_status().json()["events"][0]
        return json.dumps(frame, separators=(",", ":")).encode()

    def _connection_id(self) -> str:
        rows: list[dict[str, Any]] = self._dynamodb.query(
            TableName=self._channels,
            KeyConditionExpression="user_id = :u AND begins_with(entry, :c)",
            ExpressionAttributeValues={":u": {"S": self._user.id}, ":c": {"S": "connection#"}},
        )["Items"]
        (row,) = rows
        return str(row["entry"]["S"].removeprefix("connection#"))
