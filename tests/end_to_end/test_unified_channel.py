"""The WebSocket: tickets, resume, replay, pings, and what hostile clients get."""

from __future__ import annotations

import time
import uuid
from contextlib import closing

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from afterimage.domain.callers import LEEWAY


@pytest.fixture
def alice(stack: Stack) -> httpx.Client:
    return stack.http(f"alice-{uuid.uuid4().hex[:8]}")


def say(http: httpx.Client, text: str = "hello") -> None:
    http.post("/chats/c/messages", json={"text": text}).raise_for_status()


def end_the_oldest(stack: Stack, user: str) -> None:
    """As five minutes after its token's end."""
    table = {"TableName": stack.name("ChannelsTable")}
    rows = stack.aws("dynamodb").query(
        **table,
        KeyConditionExpression="user_id = :user AND begins_with(entry, :connection)",
        ExpressionAttributeValues={":user": {"S": user}, ":connection": {"S": "connection#"}},
        ConsistentRead=True,
    )["Items"]
    oldest = min(rows, key=lambda row: str(row["connected_at"]["S"]))
    ended = {"expires_at": {"N": str(int(time.time()) - 1)}}
    stack.aws("dynamodb").put_item(**table, Item={**oldest, **ended})


def nearly_out_of_date(stack: Stack) -> httpx.Client:
    """Of somebody whose token counts for seconds more: for as many as it takes to be let in."""
    user = f"bob-{uuid.uuid4().hex[:8]}"
    for left in (5, 20, 60):
        token = stack.token(user, exp=int(time.time() + left - LEEWAY.total_seconds()))
        bob = httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {token}"})
        began = time.monotonic()
        if bob.post("/realtime/tickets").is_success and time.monotonic() - began < left / 4:
            return bob
    raise AssertionError("never let in")


def test_a_ticket_opens_one_connection(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        with pytest.raises(InvalidStatus) as refused, connect(tab.url):
            pass
    assert refused.value.response.status_code == 403


def test_a_client_that_comes_back_gets_what_it_missed(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        say(alice, "one")
        tab.until(is_event("message-update"))
        level = tab.numbers()[-1]
    say(alice, "two")
    say(alice, "three")

    with ChannelClient(alice, after=level) as tab:
        assert tab.resumed() == {"type": "system", "event": "resumed", "seq": level + 6}
        replayed = tab.frames[:-1]
    over_http = alice.get(f"/realtime/events?after={level}").json()

    assert [frame["seq"] for frame in replayed] == list(range(level + 1, level + 7))
    assert [frame["event"] for frame in replayed] == [
        "message-insert",
        "message-insert",
        "message-update",
    ] * 2
    # A replayed event carries its row as it is now.
    assert replayed[1]["payload"]["message"]["meta"]["status"] == "complete"
    assert over_http == {"events": replayed, "seq": level + 6, "reset": False}


def test_a_number_from_the_future_is_reset(alice: httpx.Client) -> None:
    say(alice)
    with ChannelClient(alice, after=99) as tab:
        assert tab.resumed() == {"type": "system", "event": "reset", "seq": 3}
    assert alice.get("/realtime/events?after=99").json() == {
        "events": [],
        "seq": 3,
        "reset": True,
    }


def test_more_than_a_page_is_told_to_go_on(alice: httpx.Client) -> None:
    say(alice)
    for number in range(200):
        alice.patch("/chats/c", json={"title": f"title {number}"}).raise_for_status()

    with ChannelClient(alice, after=0) as tab:
        more = tab.resumed()
        assert more == {"type": "system", "event": "more", "seq": 200}
        tab.send({"action": "resume", "after": 200})
        assert tab.resumed() == {"type": "system", "event": "resumed", "seq": 203}
    assert tab.numbers() == list(range(1, 204))
    assert tab.frames[-2]["payload"]["chat"]["title"] == "title 199"


def test_a_ping_tells_where_the_channel_is(alice: httpx.Client) -> None:
    say(alice)
    with ChannelClient(alice) as tab:
        tab.resumed()
        tab.send({"action": "ping"})
        assert tab.receive() == {"type": "system", "event": "pong", "seq": 3}


def test_a_token_that_ends_takes_its_connection_along(stack: Stack) -> None:
    with closing(nearly_out_of_date(stack)) as bob, ChannelClient(bob) as tab:
        while tab.receive()["event"] != "error":
            time.sleep(0.2)
            tab.send({"action": "ping"})
        with pytest.raises(ConnectionClosed):
            tab.receive()
        assert bob.post("/realtime/tickets").status_code == 401
    assert tab.frames[-1]["code"] == "token_expired"


def test_a_connection_whose_time_is_over_gets_nothing_and_is_closed(
    stack: Stack,
) -> None:
    user = f"bob-{uuid.uuid4().hex[:8]}"
    bob = stack.http(user)
    with ChannelClient(bob) as tab, ChannelClient(bob) as other:
        tab.resumed()
        other.resumed()
        end_the_oldest(stack, user)

        say(bob)

        with pytest.raises(ConnectionClosed):
            tab.receive()
        other.until(is_event("message-update"))
    assert tab.events() == []


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"action": "dance"}',
        '{"action": "resume", "after": -1}',
        '{"action": "resume", "after": "x"}',
        '{"action": "resume", "after": true}',
        '{"action": ' + "[" * 9_000,
    ],
)
def test_garbage_gets_an_error_frame_and_the_connection_stays(
    alice: httpx.Client, garbage: str
) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        tab.socket.send(garbage)
        error = tab.receive()
        tab.send({"action": "ping"})
        pong = tab.receive()

    assert (error["type"], error["event"], error["code"]) == ("system", "error", "invalid")
    assert pong["event"] == "pong"


def test_a_frame_that_is_too_large_ends_only_its_connection(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab, ChannelClient(alice) as other:
        tab.resumed()
        other.resumed()
        tab.socket.send("x" * 40_000)
        with pytest.raises(ConnectionClosed) as closed:
            tab.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009

        say(alice)

        other.until(is_event("message-update"))


def test_a_long_message_travels_without_its_text(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        say(alice, "a" + "\x01" * 7_999)  # six bytes each in JSON
        inserted = tab.until(is_event("message-insert"))["payload"]["message"]

    assert inserted["text"] is None
    assert inserted["truncated"] is True


def test_the_twenty_first_connection_replaces_the_oldest(alice: httpx.Client) -> None:
    clients = [ChannelClient(alice) for _ in range(20)]
    try:
        for client in clients:
            client.resumed()
        clients.append(ChannelClient(alice))
        clients[-1].resumed()

        told = clients[0].receive()
        with pytest.raises(ConnectionClosed):
            clients[0].receive()
        say(alice)
        for client in clients[1:]:
            client.until(is_event("message-update"))
    finally:
        for client in clients:
            client.close()
    assert (told["event"], told["code"]) == ("error", "replaced")
