"""Events that somebody missed, by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.local_stack.testing import RunningStack

_DAY = 24 * 3600
_BATCH = 25  # rows that DynamoDB takes in one BatchWriteItem


def miss(stack: RunningStack, user: str, seq: int, count: int, chat: str = "c") -> int:
    """As if the chat had been renamed so often; the number of the latest event.

    Written directly: each row is what `channel_store` writes, and a thousand requests are slow.
    """
    dynamodb, table = stack.aws("dynamodb"), stack.name("ChannelEventsTable")
    now = datetime.now(UTC)
    rows = [
        {
            "user_id": {"S": user},
            "seq": {"N": str(number)},
            "name": {"S": "chat-update"},
            "chat_id": {"S": chat},
            "created_at": {"S": now.isoformat(timespec="milliseconds").replace("+00:00", "Z")},
            "expires_at": {"N": str(int(now.timestamp()) + 3 * _DAY)},
        }
        for number in range(seq + 1, seq + count + 1)
    ]
    for start in range(0, len(rows), _BATCH):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + _BATCH]]
        answer = dynamodb.batch_write_item(RequestItems={table: puts})
        assert not answer.get("UnprocessedItems")
    set_seq(stack, user, seq + count)
    return seq + count


def set_seq(stack: RunningStack, user: str, seq: int) -> None:
    stack.aws("dynamodb").update_item(
        TableName=stack.name("ChannelsTable"),
        Key={"user_id": {"S": user}, "entry": {"S": "seq"}},
        UpdateExpression="SET #s = :n",
        ExpressionAttributeNames={"#s": "seq"},
        ExpressionAttributeValues={":n": {"N": str(seq)}},
    )
