"""What the running bundle has stored: all of it, or of one user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from afterimage.domain import ids
from tests.local_stack.testing import RunningStack
from tests.support.template import of_type

Row = dict[str, Any]
_TABLE = "AWS::DynamoDB::Table"


def scan(stack: RunningStack, table: str) -> list[Row]:
    """All rows of a table, by its logical id, strongly consistent."""
    read = TypeDeserializer().deserialize
    pages = stack.aws("dynamodb").get_paginator("scan")
    return [
        {name: read(value) for name, value in item.items()}
        for page in pages.paginate(TableName=stack.name(table), ConsistentRead=True)
        for item in page["Items"]
    ]


def query(stack: RunningStack, table: str, user_id: str) -> list[Row]:
    """A user's rows of a table that is keyed by user, strongly consistent."""
    read = TypeDeserializer().deserialize
    pages = stack.aws("dynamodb").get_paginator("query")
    return [
        {name: read(value) for name, value in item.items()}
        for page in pages.paginate(
            TableName=stack.name(table),
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
            ConsistentRead=True,
        )
        for item in page["Items"]
    ]


def object_keys(stack: RunningStack, prefix: str = "") -> list[str]:
    """Keys of everything in the bucket that begins so."""
    pages = stack.aws("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=stack.name("ImagesBucket"), Prefix=prefix)
    return [item["Key"] for page in found for item in page.get("Contents", [])]


def owner_of(row: Row) -> str:
    """Whose row it is; nobody's, as of the stock, is the empty string's."""
    return str(row.get("user_id") or row.get("user_id_chat_id", "").rpartition("#")[0])


def rows_of(stack: RunningStack, table: str, user_id: str) -> list[Row]:
    """A user's rows of one table; all of it is read where it has another key."""
    hashed, *_ = of_type(_TABLE)[table]["KeySchema"]
    if hashed["AttributeName"] == "user_id":
        return query(stack, table, user_id)
    return [row for row in scan(stack, table) if owner_of(row) == user_id]


def files_of(stack: RunningStack, user_id: str) -> list[str]:
    """Keys of a user's files."""
    return object_keys(stack, ids.image_folder(user_id))


def use_up(stack: RunningStack, user_id: str, pictures: int) -> None:
    """As if so many pictures had been painted for this user today."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    row = {"user_id": user_id, "entry": f"quota#{day}", "used": pictures}
    row["expires_at"] = int(time.time()) + 2 * 86_400
    written = TypeSerializer().serialize
    stack.aws("dynamodb").put_item(
        TableName=stack.name("ImageGenerationLogTable"),
        Item={name: written(value) for name, value in row.items()},
    )


def everything_of(stack: RunningStack, user_id: str) -> list[Any]:
    """A user's rows of every table, and the keys of their files."""
    return [*_rows_of_every_table(stack, user_id), *files_of(stack, user_id)]


def _rows_of_every_table(stack: RunningStack, user_id: str) -> Iterator[Row]:
    for table in of_type(_TABLE):
        yield from sorted(rows_of(stack, table, user_id), key=repr)
