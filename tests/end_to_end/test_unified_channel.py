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


def test_garbage_gets_an_error_frame_and_the_connection_stays(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        for garbage in ("", "not json", '{"action": "dance"}', '{"action": ' + "[" * 9_000):
            tab.socket.send(garbage)
            error = tab.receive()
            assert (error["event"], error["code"]) == ("error", "invalid")
        tab.send({"action": "ping"})
        assert tab.receive() == {"type": "system", "event": "pong", "seq": 0}
