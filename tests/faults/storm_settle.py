"""After a storm: everything that was left open ends by itself, only sooner if told to."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.faults.invariants import OPEN
from tests.local_stack.testing import RunningStack
from tests.support.stored import Row, scan

_TEXT_SECONDS = 24.0  # the deadline of a text, and a sweep
_ALL_SECONDS = 150.0  # the longest deadline, the purge after it, and two sweeps
_PAST = {":past": {"N": "1000000000"}}


async def settle(stack: RunningStack, *, real_deadlines: bool) -> int:
    """Returns once nothing is open, nothing runs and nothing waits to be purged.

    Args:
        real_deadlines: wait for them; else those that are still far are brought forward.

    Returns:
        How many messages' deadlines were brought forward.
    """
    begin = time.monotonic()
    hurried: set[str] = set()
    while time.monotonic() < begin + _ALL_SECONDS:
        still_open = await asyncio.to_thread(_open_messages, stack)
        waiting = await asyncio.to_thread(_waiting_purges, stack)
        busy = _is_busy(await asyncio.to_thread(stack.status))
        if not still_open and not waiting and not busy:
            return len(hurried)
        late = time.monotonic() > begin + _TEXT_SECONDS
        if not real_deadlines and still_open and late:
            for message in still_open:
                hurried.add(message["message_id"])
                await asyncio.to_thread(_bring_forward, stack, message)
        if not real_deadlines and not still_open and not busy:
            # No function is left that could still upload.
            for job in waiting:
                await asyncio.to_thread(_purge_now, stack, job)
        await asyncio.sleep(1.0)
    return len(hurried)


def _open_messages(stack: RunningStack) -> list[Row]:
    return [row for row in scan(stack, "MessagesTable") if row["status"] in OPEN]


def _waiting_purges(stack: RunningStack) -> list[Row]:
    return [row for row in scan(stack, "ImageGenerationLogTable") if "purge_at" in row]


def _is_busy(status: dict[str, Any]) -> bool:
    return any(one["function"] != "keeper" for one in status["invocations"])


def _bring_forward(stack: RunningStack, message: Row) -> None:
    key = {name: {"S": message[name]} for name in ("user_id_chat_id", "message_id")}
    _set_past(stack, "MessagesTable", key, "deadline")


def _purge_now(stack: RunningStack, job: Row) -> None:
    key = {name: {"S": job[name]} for name in ("user_id", "entry")}
    _set_past(stack, "ImageGenerationLogTable", key, "purge_at")


def _set_past(stack: RunningStack, table: str, key: dict[str, Any], column: str) -> None:
    """Unless the row has been ended, or purged, meanwhile."""
    dynamodb = stack.aws("dynamodb")
    try:
        dynamodb.update_item(
            TableName=stack.name(table),
            Key=key,
            UpdateExpression=f"SET {column} = :past",
            ConditionExpression=f"attribute_exists({column})",
            ExpressionAttributeValues=_PAST,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return
