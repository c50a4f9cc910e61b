"""What was taken from the stock of a stage, and not handed over."""

from __future__ import annotations

import time

from tests.faults.invariants import folder
from tests.local_stack.testing import RunningStack
from tests.support.stored import scan

# Of its minute, what is left to a keeper that has just begun.
_KEEPER_AT_WORK = 55


def nothing_taken(stack: RunningStack, user: str) -> bool:
    """Whether nothing is on its way to this user; else its minute has passed."""
    taken = [
        row
        for row in scan(stack, "StockTable")
        if row["id"].startswith(f"taken#{folder(user)}") and row["status"] != "spent"
    ]
    dynamodb, now = stack.aws("dynamodb"), time.time()
    for row in taken:
        left = float(row["until"]) - now
        is_at_work = row["status"] == "held" and left > _KEEPER_AT_WORK
        if left <= 0 or is_at_work:
            continue
        try:
            dynamodb.update_item(
                TableName=stack.name("StockTable"),
                Key={name: {"S": row[name]} for name in ("suggestion", "id")},
                UpdateExpression="SET #until = :past",
                ConditionExpression="attribute_exists(#until)",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 2)}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue  # put back a moment ago
    return not taken
