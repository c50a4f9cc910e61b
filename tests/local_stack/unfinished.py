"""What was under way when an earlier run ended: no function is left that would end it.

Its deadline is brought forward to now, and the sweep, which runs at once where a state is gone on
with, ends it as it ends everything overdue: with a code, a sentence and a refund.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DEADLINE = "deadline"
_LONG_AGO = {"N": "0"}


def bring_deadlines_forward(client: "DynamoDBClient", tables: Iterable[str]) -> None:
    """Makes every row overdue that is in an index of deadlines."""
    for name in tables:
        table = client.describe_table(TableName=name)["Table"]
        keys = [key["AttributeName"] for key in table["KeySchema"]]
        for index in table.get("GlobalSecondaryIndexes", []):
            if any(key["AttributeName"] == _DEADLINE for key in index["KeySchema"]):
                _bring_forward(client, name, index["IndexName"], keys)


def _bring_forward(client: "DynamoDBClient", table: str, index: str, keys: list[str]) -> None:
    pages = client.get_paginator("scan").paginate(TableName=table, IndexName=index)
    rows: list[Mapping[str, Any]] = [row for page in pages for row in page["Items"]]
    for row in rows:
        client.update_item(
            TableName=table,
            Key={key: row[key] for key in keys},
            UpdateExpression="SET #deadline = :then",
            ExpressionAttributeNames={"#deadline": _DEADLINE},
            ExpressionAttributeValues={":then": _LONG_AGO},
        )
