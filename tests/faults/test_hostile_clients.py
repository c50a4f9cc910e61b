"""One client cannot spoil it for others: not by being deaf, many, greedy or fast."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.faults.client import Client, Crowd
from tests.faults.conftest import SHORT_TIMES
from tests.faults.invariants import Store, check_client, check_user
from tests.faults.proxy import FaultProxy, Rule, aws_error
from tests.faults.stack_behind import stack_behind
from tests.faults.test_replay import begun
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient
from tests.support.missed_events import miss

MAX_CONNECTIONS = 20
# How large a crowd and a flood are; a thousand of each take minutes.
CROWD = int(os.environ.get("CROWD", "40"))  # connections of one user
FLOOD = int(os.environ.get("FLOOD", "200"))  # messages of one user
_OPENING_AT_ONCE = 8
_ROUND_TRIPS = 24  # of a connection's whole life, two closings of others included
_GREEDY = 30  # resumes from the very beginning

pytestmark = pytest.mark.timeout(120 + CROWD + FLOOD)
_FILLERS = (30_000, 3_000, 300, 30, 1)  # bytes; the last ones fill what the larger ones leave
_PATIENCE = 40.0  # seconds; only so that a broken run ends


def eventually(holds: Callable[[], bool], what: str, within: float = _PATIENCE) -> None:
    give_up = time.monotonic() + within
    while not holds():
        assert time.monotonic() < give_up, f"never came: {what}"
        time.sleep(0.05)


def rename(http: httpx.Client, title: str) -> None:
    http.patch("/chats/c", json={"title": title}).raise_for_status()


def connections(stack: RunningStack, user: str) -> set[str]:
    """Ids of the connections that get a user's frames."""
    found: list[dict[str, Any]] = stack.aws("dynamodb").query(
        TableName=stack.name("ChannelsTable"),
        KeyConditionExpression="user_id = :u AND begins_with(entry, :c)",
        ExpressionAttributeValues={":u": {"S": user}, ":c": {"S": "connection#"}},
        ConsistentRead=True,
    )["Items"]
    return {row["entry"]["S"].removeprefix("connection#") for row in found}


def is_open(stack: RunningStack, connection: str) -> bool:
    management = stack.aws("apigatewaymanagementapi")
    try:
        management.get_connection(ConnectionId=connection)
    except management.exceptions.GoneException:
        return False
    return True


@contextmanager
def deaf(http: httpx.Client) -> Iterator[ClientConnection]:
    """A connection that resumes and never reads what comes."""
    url = http.post("/realtime/tickets").raise_for_status().json()["url"]
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    parts = urlsplit(url)
    plain.connect((parts.hostname, parts.port))
    # Without pings: it must not be the deaf one itself that gives up.
    with connect(
        url, sock=plain, compression=None, max_queue=1, close_timeout=0.1, ping_interval=None
    ) as tab:
        tab.send(json.dumps({"action": "resume", "after": None}))
        yield tab


def fill(stack: RunningStack, connection: str) -> None:
    """Until the gateway takes not even a small frame more for this connection."""
    for size in _FILLERS:
        assert refuses(stack, connection, b"x" * size), "the deaf client seems to read"


def refuses(stack: RunningStack, connection: str, frame: bytes) -> bool:
    """Whether a frame is refused once it has been sent often enough."""
    management = stack.aws("apigatewaymanagementapi")
    for _ in range(2_000):
        try:
            management.post_to_connection(ConnectionId=connection, Data=frame)
        except management.exceptions.LimitExceededException:
            return True
    return False


def test_a_deaf_connection_is_passed_over_and_nobody_waits_for_it(
    swept: RunningStack, crowd: Crowd, user: str
) -> None:
    """API Gateway answers with 429, as it does to an account that posts too much."""
    http, other_user = swept.http(user), f"other-{user}"
    seq = begun(http)
    tab, stranger = crowd.tab(user), crowd.tab(other_user)
    known = connections(swept, user)
    with deaf(http) as hearing_again:
        eventually(lambda: len(connections(swept, user)) == len(known) + 1, "the deaf one")
        [deaf_one] = connections(swept, user) - known
        fill(swept, deaf_one)

        rename(http, "is anybody there?")
        swept.http(other_user).post("/chats/c/messages", json={"text": "hello"})

        crowd.run(tab.level_with(seq + 1))
        crowd.run(stranger.level_with(3))
        assert is_open(swept, deaf_one)
        assert pong(hearing_again)["seq"] == seq + 1
    assert tab.connections == stranger.connections == 1
    assert check_client(tab, swept) == []


def pong(tab: ClientConnection) -> dict[str, Any]:
    """The answer to a ping, once everything has been read that was not until now."""
    with suppress(TimeoutError):
        while True:
            tab.recv(timeout=1)
    tab.send(json.dumps({"action": "ping"}))
    frame: dict[str, Any] = json.loads(tab.recv(timeout=30))
    assert frame["event"] == "pong"
    return frame


def test_connections_at_once_never_stay_more_than_twenty(
    swept: RunningStack, crowd: Crowd, user: str
) -> None:
    http = swept.http(user)
    seq = begun(http)
    with ThreadPoolExecutor(8) as threads:
        tabs = list(threads.map(lambda _: crowd.begin(user), range(30)))
    crowd.run(tabs[0].until(lambda tab: bool(tab.system)))

    rename(http, "who is left?")

    eventually(lambda: len(connections(swept, user)) <= MAX_CONNECTIONS, "at most twenty")
    # Everybody comes back, makes room, comes back: in the end each has seen it.
    for tab in tabs:
        crowd.run(tab.level_with(seq + 1))
        assert tab.wrong == []


def test_a_crowd_of_connections_is_capped_and_whoever_goes_is_told(
    swept: RunningStack, crowd: Crowd, user: str
) -> None:
    http, other_user = swept.http(user), f"other-{user}"
    begun(http)
    stranger = crowd.tab(other_user)
    told: list[set[str]] = [set() for _ in range(CROWD)]
    opening = threading.Semaphore(_OPENING_AT_ONCE)

    def hold(number: int) -> None:
        with opening:
            tab = ChannelClient(http)
            told[number].add(name_of(tab.socket.recv()))
        with tab, suppress(ConnectionClosed):
            while True:
                told[number].add(name_of(tab.socket.recv()))

    def hear(what: str) -> int:
        return sum(what in words for words in told)

    with ThreadPoolExecutor(CROWD) as threads:
        holding = [threads.submit(hold, number) for number in range(CROWD)]
        try:
            eventually(lambda: hear("resumed") == CROWD, "everybody", 2 * CROWD)
            eventually(lambda: hear("replaced") == CROWD - MAX_CONNECTIONS, "room")
            swept.http(other_user).post("/chats/c/messages", json={"text": "hello"})
            crowd.run(stranger.level_with(3))
            rename(http, "who is left?")
            eventually(lambda: hear("chat-update") == MAX_CONNECTIONS, "the news")
            assert len(connections(swept, user)) == MAX_CONNECTIONS
        finally:
            for connection in connections(swept, user):
                swept.aws("apigatewaymanagementapi").delete_connection(ConnectionId=connection)
        for held in holding:
            held.result()
    assert stranger.connections == 1


@pytest.fixture(scope="module")
def counting(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningStack, FaultProxy]]:
    """A stack that counts what its functions ask of the world."""
    with (
        FaultProxy("aws", "gateway") as between,
        stack_behind(between, tmp_path_factory.mktemp("counting")) as (running, _),
    ):
        yield running, between


def test_a_connection_costs_the_same_in_a_crowd_of_any_size(
    counting: tuple[RunningStack, FaultProxy], user: str
) -> None:
    """Ticket, handshake, resume, making room, closing: in round trips, whatever they take."""
    stack, between = counting
    for size in (CROWD, 2 * CROWD):
        one = f"{user}-{size}"
        between.watch(one, one)

        heard = come_all_at_once(stack, one, size)

        calls = Counter(call.step for call in between.calls_of(one))
        assert calls.total() <= _ROUND_TRIPS * size, calls
        assert calls["DeleteConnection"] <= 2 * size, calls
        assert heard.total() == size


def come_all_at_once(stack: RunningStack, user: str, size: int) -> Counter[str]:
    """What each connection of a crowd hears first; it is over when all have gone."""
    http = stack.http(user)
    with ExitStack() as tabs, ThreadPoolExecutor(_OPENING_AT_ONCE) as threads:

        def opened(_: int) -> ClientConnection:
            url = http.post("/realtime/tickets").raise_for_status().json()["url"]
            return tabs.enter_context(connect(url, compression=None, max_queue=None))

        crowd = list(threads.map(opened, range(size)))
        for tab in crowd:
            tab.send(json.dumps({"action": "resume", "after": None}))
        heard = Counter(name_of(tab.recv(timeout=_PATIENCE + size)) for tab in crowd)
        eventually(lambda: len(connections(stack, user)) == MAX_CONNECTIONS, "room")
    eventually(lambda: not connections(stack, user), "all gone")
    return heard


def name_of(text: str | bytes) -> str:
    """What a frame is; a refusal of the gateway itself has no name and is its text."""
    frame = json.loads(text)
    return str(frame.get("code") or frame.get("event") or text)


def test_who_resumes_from_the_beginning_all_the_time_keeps_nobody_else_waiting(
    swept: RunningStack, crowd: Crowd, user: str
) -> None:
    http, other_user = swept.http(user), f"other-{user}"
    seq = begun(http)
    last = miss(swept, user, seq, 600)
    stranger, tab = crowd.tab(other_user), crowd.tab(user)
    ticket = http.post("/realtime/tickets").raise_for_status().json()["url"]
    answered = Counter[str]()
    with connect(ticket, compression=None, max_queue=None) as greedy:
        for _ in range(_GREEDY):
            greedy.send(json.dumps({"action": "resume", "after": 0}))

        swept.http(other_user).post("/chats/c/messages", json={"text": "hello"})
        crowd.run(stranger.level_with(2))
        rename(http, "still here")
        crowd.run(tab.level_with(last + 1))

        # Each is answered, or the greedy one is found too slow for all of it and closed.
        with suppress(ConnectionClosed):
            while answered["more"] < _GREEDY:
                answered[json.loads(greedy.recv(timeout=_PATIENCE))["event"]] += 1
    assert answered["chat-update"] > 0
    assert tab.connections == stranger.connections == 1


def test_who_sends_a_flood_of_messages_is_refused_and_others_are_heard(
    swept: RunningStack, crowd: Crowd, user: str
) -> None:
    swept.gemini(text_ms=2000)
    flood, other_user = swept.http(user), f"other-{user}"
    stranger = crowd.tab(other_user)
    begin, answers = threading.Event(), Counter[str]()

    def send(number: int) -> None:
        begin.set()
        try:
            answer = flood.post("/chats/c/messages", json={"text": f"hello {number}"})
        except httpx.TimeoutException:
            answers["unheard"] += 1
            return
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            answers[answer.json()["error"]["code"]] += 1
        else:
            answers["stored" if answer.is_success else "unheard"] += 1

    with ThreadPoolExecutor(40) as threads:
        sending = threads.map(send, range(FLOOD))
        begin.wait()
        swept.http(other_user).post("/chats/c/messages", json={"text": "hello"})
        crowd.run(stranger.level_with(2))
        list(sending)
    swept.gemini(text_ms=50)

    assert answers["too_many_open"] > 0
    assert set(answers) <= {"too_many_open", "message_limit", "stored", "unheard"}
    eventually(lambda: Store(swept).of(user).open == 0, "all answered")
    # Who got no answer in time does not know whether the message was stored.
    pairs = len(Store(swept).of(user).messages) // 2
    assert answers["stored"] <= pairs <= answers["stored"] + answers["unheard"]
    assert check_user(swept, user) == []
    assert check_user(swept, other_user) == []


# --- The gateway refuses frames ------------------------------------------------------------------


@pytest.fixture(scope="module")
def refusing(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningStack, FaultProxy]]:
    """A stack whose functions reach their connections through a proxy."""
    times = [f"--parameter={name}={value}" for name, value in SHORT_TIMES.items()]
    with (
        FaultProxy("gateway") as between,
        stack_behind(between, tmp_path_factory.mktemp("refusing"), *times) as (running, _),
    ):
        yield running, between


def test_a_connection_that_is_gone_comes_back_alone(
    refusing: tuple[RunningStack, FaultProxy], user: str
) -> None:
    stack, between = refusing
    http = stack.http(user)
    seq = begun(http)
    with Crowd(stack) as crowd:
        tabs = [crowd.tab(user) for _ in range(3)]
        rule = between.add(Rule(aws_error(410, "GoneException"), "PostToConnection chat-update"))

        rename(http, "one of you will not hear this")

        for tab in tabs:
            crowd.run(tab.level_with(seq + 1))
        crowd.run(come_back(tabs))
        between.remove(rule)
        assert rule.hit.is_set()
        assert sorted(tab.connections for tab in tabs) == [1, 1, 2]
        all_hear_more(crowd, tabs, stack, user, seq + 2)


def test_frames_that_are_refused_close_no_socket_and_every_tab_finds_its_gap(
    refusing: tuple[RunningStack, FaultProxy], user: str
) -> None:
    """As where the account is throttled: nobody may come back because of it, let alone all."""
    stack, between = refusing
    http = stack.http(user)
    seq = begun(http)
    with Crowd(stack) as crowd:
        tabs = [crowd.tab(user) for _ in range(3)]
        refused = aws_error(500, "InternalServerError")
        rule = between.add(Rule(refused, "PostToConnection chat-update", nth=0))

        rename(http, "none of you will hear this")

        between.remove(rule)
        assert rule.seen >= len(tabs)
        for tab in tabs:
            crowd.run(tab.level_with(seq + 1))
        assert [tab.connections for tab in tabs] == [1, 1, 1]
        all_hear_more(crowd, tabs, stack, user, seq + 2)


def all_hear_more(
    crowd: Crowd, tabs: list[Client], stack: RunningStack, user: str, seq: int
) -> None:
    rename(stack.http(user), "and all of you this")
    for tab in tabs:
        crowd.run(tab.level_with(seq))
        assert check_client(tab, stack) == []


async def come_back(tabs: list[Client]) -> None:
    """Once the one that was dropped is connected again."""
    for tab in tabs:
        await tab.until(lambda _: all(one.connected for one in tabs))
        return
