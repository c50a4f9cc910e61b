"""What the running bundle has stored of one user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from afterimage.domain import ids
from tests.local_stack.testing import RunningStack
from tests.support.template import of_type

Row = dict[str, Any]


def rows_of(stack: RunningStack, table: str, user_id: str) -> list[Row]:
    """A user's rows of one table, by its logical id; all of it is read."""
    read = TypeDeserializer().deserialize
    pages = stack.aws("dynamodb").get_paginator("scan")
    return [
        row
        for page in pages.paginate(TableName=stack.name(table), ConsistentRead=True)
        for item in page["Items"]
        if _owner(row := {name: read(value) for name, value in item.items()}) == user_id
    ]


def files_of(stack: RunningStack, user_id: str) -> list[str]:
    """Keys of a user's files."""
    pages = stack.aws("s3").get_paginator("list_objects_v2")
    prefix = ids.image_folder(user_id)
    found = pages.paginate(Bucket=stack.name("ImagesBucket"), Prefix=prefix)
    return [item["Key"] for page in found for item in page.get("Contents", [])]


def everything_of(stack: RunningStack, user_id: str) -> list[Any]:
    """A user's rows of every table, and the keys of their files."""
    return [*_rows_of_every_table(stack, user_id), *files_of(stack, user_id)]


def _rows_of_every_table(stack: RunningStack, user_id: str) -> Iterator[Row]:
    for table in of_type("AWS::DynamoDB::Table"):
        yield from sorted(rows_of(stack, table, user_id), key=repr)


def _owner(row: Row) -> str:
    return str(row.get("user_id") or row["user_id_chat_id"].rpartition("#")[0])
