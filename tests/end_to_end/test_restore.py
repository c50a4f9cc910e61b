"""Tables restored to an earlier moment: what clients hear that had seen more."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event

# What the drill of docs/restore.md adds to every counter.
A_LEAP = 1_000_000
ROWS_OF_THE_CHANNEL = {"ChannelsTable": "entry", "ChannelEventsTable": "seq"}


def say(http: httpx.Client) -> int:
    """Sends a message; the number of the last event of its answer."""
    http.post("/chats/c/messages", json={"text": "hello"}).raise_for_status()
    seq: int = http.get("/realtime/events").json()["seq"]
    return seq


def rows(stack: Stack, user: str, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.aws("dynamodb").query(
        TableName=stack.name(table),
        KeyConditionExpression="user_id = :u",
        ExpressionAttributeValues={":u": {"S": user}},
        ConsistentRead=True,
    )["Items"]
    return found


def restore(stack: Stack, user: str, backup: dict[str, list[dict[str, Any]]]) -> None:
    """Puts the channel's rows back as they were."""
    for table, name in ROWS_OF_THE_CHANNEL.items():
        where = {"TableName": stack.name(table)}
        for row in rows(stack, user, table):
            key = {"user_id": row["user_id"], name: row[name]}
            stack.aws("dynamodb").delete_item(**where, Key=key)
        for row in backup[table]:
            stack.aws("dynamodb").put_item(**where, Item=row)


def leap(stack: Stack, user: str) -> None:
    stack.aws("dynamodb").update_item(
        TableName=stack.name("ChannelsTable"),
        Key={"user_id": {"S": user}, "entry": {"S": "seq"}},
        UpdateExpression="ADD seq :leap",
        ExpressionAttributeValues={":leap": {"N": str(A_LEAP)}},
    )


def test_a_client_that_is_ahead_of_a_restored_counter_is_reset(
    stack: Stack, user: str, alice: httpx.Client
) -> None:
    earlier = say(alice)
    backup = {table: rows(stack, user, table) for table in ROWS_OF_THE_CHANNEL}
    seen = say(alice)

    restore(stack, user, backup)

    with ChannelClient(alice, after=seen) as tab:
        assert tab.resumed() == {"type": "system", "event": "reset", "seq": earlier}


@pytest.mark.parametrize("behind", [0, 1])
def test_after_the_leap_whoever_was_away_is_reset_although_numbers_have_been_given_again(
    stack: Stack, user: str, alice: httpx.Client, behind: int
) -> None:
    say(alice)
    backup = {table: rows(stack, user, table) for table in ROWS_OF_THE_CHANNEL}
    seen = say(alice) - behind

    restore(stack, user, backup)
    leap(stack, user)
    now = say(alice)

    assert now > A_LEAP
    assert alice.get(f"/realtime/events?after={seen}").json()["reset"] is True
    with ChannelClient(alice, after=seen) as tab:
        assert tab.resumed() == {"type": "system", "event": "reset", "seq": now}
        say(alice)
        tab.until(is_event("message-update"))
        assert tab.numbers() == [now + 1, now + 2, now + 3]
