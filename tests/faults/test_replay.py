"""What was missed comes back: complete, in order, and while new events keep coming."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.faults.client import Applied, Client, Crowd, Frame
from tests.faults.invariants import check_client
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient
from tests.support.missed_events import miss

pytestmark = pytest.mark.timeout(120)

PAGE = 200


@pytest.fixture
def http(swept: RunningStack, user: str) -> httpx.Client:
    return swept.http(user)


def rename(http: httpx.Client, title: str) -> None:
    http.patch("/chats/c", json={"title": title}).raise_for_status()


def begun(http: httpx.Client) -> int:
    """A chat with a first message; the number of its latest event."""
    http.post("/chats/c/messages", json={"text": "hello"}).raise_for_status()
    seq: int = http.get("/realtime/events").raise_for_status().json()["seq"]
    return seq


def change_event(stack: RunningStack, user: str, seq: int, expires_at: int | None) -> None:
    """An event of the past expires, or is gone."""
    dynamodb, table = stack.aws("dynamodb"), stack.name("ChannelEventsTable")
    key = {"user_id": {"S": user}, "seq": {"N": str(seq)}}
    if expires_at is None:
        dynamodb.delete_item(TableName=table, Key=key)
        return
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET expires_at = :e",
        ExpressionAttributeValues={":e": {"N": str(expires_at)}},
    )


def numbers(log: list[Applied]) -> list[int]:
    return [applied.seq for applied in log if applied.seq is not None]


def snapshots(client: Client) -> int:
    return sum(applied.what == "snapshot" for applied in client.log)


@pytest.fixture
def renaming(http: httpx.Client) -> Iterator[threading.Event]:
    """Once set, live events keep coming until the test is over."""
    go, stop = threading.Event(), threading.Event()

    def run() -> None:
        go.wait()
        number = 0
        while not stop.is_set():
            number += 1
            rename(http, f"live {number}")

    thread = threading.Thread(target=run)
    thread.start()
    yield go
    stop.set()
    go.set()
    thread.join()


def test_a_thousand_missed_events_come_in_pages_while_new_ones_keep_coming(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str, renaming: threading.Event
) -> None:
    seq = begun(http)
    tab = crowd.tab(user)
    crowd.level(tab)
    crowd.run(tab.close())
    last = miss(swept, user, seq, 1000)
    renaming.set()

    back = crowd.begin(user, after=seq)
    crowd.run(back.level_with(last))

    crowd.level(back)
    applied = numbers(back.log)
    assert applied == list(range(seq + 1, applied[-1] + 1))
    assert applied[-1] > last, "nothing came live meanwhile"
    more = [frame["seq"] for frame in back.system if frame["event"] == "more"]
    assert more[:4] == [seq + PAGE * page for page in range(1, 5)]
    assert back.short_resumes == 0
    assert snapshots(back) == 0
    assert back.wrong == []


def test_many_tabs_come_back_at_once_and_all_end_level(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str, renaming: threading.Event
) -> None:
    seq = begun(http)
    renaming.set()
    tabs = [crowd.begin(user) for _ in range(6)]
    chance = random.Random(1)  # noqa: S311 - which tab is cut
    for _ in range(40):
        crowd.cut(chance.choice(tabs))
        rename(http, "between")

    for tab in tabs:
        crowd.run(tab.until(lambda tab: tab.connected))
        crowd.level(tab)
        assert numbers(tab.log)[-1] > seq
        assert tab.wrong == []
        assert len({applied.seq for applied in tab.log}) == len(tab.log), "applied twice"


def test_over_http_and_over_the_socket_the_same_comes_back(
    swept: RunningStack, http: httpx.Client, user: str
) -> None:
    http.post("/chats/c/messages", json={"text": "hello"}).raise_for_status()
    http.post("/chats/c/messages", json={"text": "paint a fox"}).raise_for_status()
    with ChannelClient(http, after=0) as tab:
        tab.until(lambda frame: frame["event"] == "image-insert")
    seq = http.get("/realtime/events").json()["seq"]
    last = miss(swept, user, seq, 450)
    # One event is about a row that is gone.
    swept.aws("dynamodb").delete_item(
        TableName=swept.name("MessagesTable"),
        Key={
            "user_id_chat_id": {"S": f"{user}#c"},
            "message_id": {"S": tab.frames[0]["payload"]["message"]["id"]},
        },
    )

    over_http: list[Frame] = []
    while not over_http or over_http[-1]["seq"] < last:
        after = over_http[-1]["seq"] if over_http else 0
        over_http += http.get(f"/realtime/events?after={after}").json()["events"]
    over_socket: list[Frame] = []
    with ChannelClient(http, after=0) as back:
        while (frame := back.receive())["event"] != "resumed":
            if frame["event"] == "more":
                back.send({"action": "resume", "after": frame["seq"]})
            elif frame["seq"] is not None:
                over_socket.append(frame)

    assert [frame["seq"] for frame in over_http] == list(range(1, last + 1))
    assert over_http[0]["event"] == "message-delete"
    assert over_socket == over_http


@pytest.mark.parametrize("case", ["from the future", "expired", "gone", "a hole further on"])
def test_what_cannot_be_replayed_is_read_afresh(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str, case: str
) -> None:
    seq = begun(http)
    last = miss(swept, user, seq, 300)
    after = seq
    match case:
        case "from the future":
            after = last + 100
        case "expired":
            change_event(swept, user, seq + 1, int(datetime.now(UTC).timestamp()) - 1)
        case "gone":
            change_event(swept, user, seq + 1, None)
        case _:
            change_event(swept, user, seq + 50, None)

    back = crowd.begin(user, after=after)
    crowd.run(back.until(lambda tab: tab.connected and tab.is_level_with(last)))

    assert [frame["event"] for frame in back.system].count("reset") == 1
    assert snapshots(back) == 1
    before = numbers(back.log[: [applied.what for applied in back.log].index("snapshot")])
    run = range(seq + 1, seq + 50) if case == "a hole further on" else range(0)
    assert before == list(run), "an unbroken run, and nothing behind the hole"
    assert check_client(back, swept) == []
    rename(http, "and on it goes")
    crowd.level(back)
    assert back.shown.chats["c"] == "and on it goes"


def test_a_snapshot_misses_nothing_that_happens_while_it_is_read(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str, renaming: threading.Event
) -> None:
    begun(http)
    renaming.set()

    tabs = [crowd.begin(user) for _ in range(5)]
    for number in range(5):
        http.post("/chats/c/messages", json={"text": f"hello {number}"}).raise_for_status()

    for tab in tabs:
        crowd.level(tab)
        assert tab.wrong == []
        messages = http.get("/chats/c/messages").json()["messages"]
        assert tab.shown.messages.keys() == {message["id"] for message in messages}


def test_a_frame_that_never_arrived_is_missed_and_asked_for(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str
) -> None:
    """Its function died between commit and post: only the next event, or a ping, tells."""
    seq = begun(http)
    tab = crowd.tab(user)
    crowd.level(tab)
    lost = miss(swept, user, seq, 3)

    rename(http, "the next event")

    crowd.run(tab.level_with(lost + 1))
    assert numbers(tab.log)[-4:] == list(range(seq + 1, lost + 2))


def test_a_ping_tells_of_what_never_arrived(
    swept: RunningStack, crowd: Crowd, http: httpx.Client, user: str
) -> None:
    seq = begun(http)
    tab = crowd.tab(user)
    crowd.level(tab)

    lost = miss(swept, user, seq, 3)

    crowd.run(tab.level_with(lost))
    assert any(frame["event"] == "pong" and frame["seq"] == lost for frame in tab.system)
