"""Reads see a transaction in part, as DynamoDB's do: nothing is deleted, lost or reset for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.faults.client import Crowd, Frame
from tests.faults.conftest import SHORT_TIMES
from tests.faults.proxy import FaultProxy
from tests.faults.read_committed import ReadCommitted
from tests.faults.stack_behind import stack_behind
from tests.local_stack.testing import RunningStack

pytestmark = pytest.mark.timeout(120)

LATE = 1.5  # seconds
EVERYTHING = ("messages", "chats", "user_images", "channels", "channel_events")


@dataclass
class Lateness:
    """What of transactions is seen late from now on.

    Attributes:
        tables: whose items are.
        turns_away: whether reads of whole transactions are turned away meanwhile.
    """

    tables: tuple[str, ...] = ()
    turns_away: bool = False
    late: int = 0

    def seconds(self, table: str) -> float:
        if table not in self.tables:
            return 0.0
        self.late += 1
        return LATE


@pytest.fixture(scope="module")
def lateness() -> Lateness:
    return Lateness()


@pytest.fixture(scope="module")
def stack(lateness: Lateness, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    parameters = [f"--parameter={name}={value}" for name, value in SHORT_TIMES.items()]
    folder = tmp_path_factory.mktemp("read-committed")
    with (
        FaultProxy("aws") as between,
        stack_behind(between, folder, "--schedule-interval=3600", *parameters) as (running, _),
    ):
        between.beneath = ReadCommitted(
            running.aws("dynamodb"), lateness.seconds, lambda: lateness.turns_away
        )
        running.gemini(text_ms=50, image_ms=100)
        yield running


@pytest.fixture(autouse=True)
def _in_time_again(lateness: Lateness) -> Iterator[None]:
    lateness.tables, lateness.turns_away, lateness.late = (), False, 0
    yield
    lateness.tables, lateness.turns_away = (), False
    time.sleep(LATE)


@pytest.fixture
def http(stack: RunningStack, user: str) -> httpx.Client:
    return stack.http(user)


@pytest.fixture
def crowd(stack: RunningStack) -> Iterator[Crowd]:
    with Crowd(stack) as clients:
        yield clients


def say(http: httpx.Client, text: str = "hello") -> Frame:
    """The answer, which has ended."""
    sent = http.post("/chats/c/messages", json={"text": text}).raise_for_status().json()
    answer: Frame = sent["assistant_message"]
    return answer


def missed(http: httpx.Client, after: int) -> dict[str, Any]:
    answer = http.get("/realtime/events", params={"after": after})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def seq(stack: RunningStack, user: str) -> int:
    """The counter as it is."""
    row = stack.aws("dynamodb").get_item(
        TableName=stack.name("ChannelsTable"),
        Key={"user_id": {"S": user}, "entry": {"S": "seq"}},
        ConsistentRead=True,
    )["Item"]
    return int(row["seq"]["N"])


@pytest.mark.parametrize("tables", [("messages",), ("channel_events",), ("channels",), EVERYTHING])
def test_what_is_seen_late_is_neither_deleted_nor_reset(
    stack: RunningStack, http: httpx.Client, user: str, lateness: Lateness, tables: tuple[str, ...]
) -> None:
    say(http)
    before = seq(stack, user)

    lateness.tables = tables
    http.patch("/chats/c", json={"title": "another"}).raise_for_status()
    say(http, "hello again")
    found = missed(http, before)

    assert lateness.late > 0
    assert not found["reset"]
    assert [frame["event"] for frame in found["events"]] == [
        "chat-update", "message-insert", "message-insert", "message-update",
    ][: found["seq"] - before]  # fmt: skip
    if found["events"]:
        assert found["events"][0]["payload"]["chat"]["title"] == "another"
    time.sleep(LATE)
    rest = missed(http, found["seq"])["events"]
    assert [frame["seq"] for frame in [*found["events"], *rest]] == list(
        range(before + 1, seq(stack, user) + 1)
    )


def test_a_client_comes_level_by_itself(
    stack: RunningStack, crowd: Crowd, http: httpx.Client, user: str, lateness: Lateness
) -> None:
    """While it is turned away it is told nothing, and does not ask without end."""
    say(http)
    tab = crowd.tab(user)
    crowd.level(tab)

    lateness.tables, lateness.turns_away = EVERYTHING, True
    crowd.cut(tab)
    say(http, "hello again")
    crowd.run(tab.level_with(seq(stack, user)))

    assert tab.wrong == []
    assert [one.what for one in tab.log if "delete" in one.what or one.what == "snapshot"] == [
        "snapshot"
    ]
    asked = sum(frame["event"] in ("more", "resumed") for frame in tab.system)
    assert asked < 12
    shown = {id_: message["version"] for id_, message in tab.shown.messages.items()}
    time.sleep(LATE)
    messages = http.get("/chats/c/messages").raise_for_status().json()["messages"]
    assert shown == {message["id"]: message["version"] for message in messages}


@pytest.mark.parametrize("turns_away", [False, True])
def test_a_snapshot_lacks_nothing_that_is_seen_late(
    stack: RunningStack,
    crowd: Crowd,
    http: httpx.Client,
    user: str,
    lateness: Lateness,
    turns_away: bool,
) -> None:
    say(http)
    lateness.tables, lateness.turns_away = ("messages", "chats"), turns_away
    say(http, "hello again")

    tab = crowd.tab(user)
    crowd.run(tab.level_with(seq(stack, user)))

    assert tab.wrong == []
    statuses = {message["meta"]["status"] for message in tab.shown.messages.values()}
    assert (len(tab.shown.messages), statuses) == (4, {"complete"})


def test_a_deletion_is_told_while_its_rows_are_still_seen(
    stack: RunningStack, http: httpx.Client, user: str, lateness: Lateness
) -> None:
    painted(http)
    [image] = http.get("/images").raise_for_status().json()["images"]
    before = seq(stack, user)

    lateness.tables = EVERYTHING
    http.delete(f"/images/{image['id']}").raise_for_status()
    http.delete("/chats/c").raise_for_status()
    events: list[Frame] = []
    while before + len(events) < seq(stack, user):
        events += missed(http, before + len(events))["events"]

    assert [frame["event"] for frame in events] == ["image-delete", "message-delete", "chat-delete"]


def painted(http: httpx.Client) -> None:
    """A picture in the chat, complete."""
    say(http, "paint a fox")
    while not http.get("/images").raise_for_status().json()["images"]:
        time.sleep(0.05)
