"""Rows of several tables in one round trip, each strongly consistent."""

from __future__ import annotations

from typing import Any

from pynamodb.connection import Connection
from pynamodb.models import Model

# Hash and range key of a row of some table.
Wanted = tuple[type[Model], str, str]


def read_together(*wanted: Wanted) -> list[Any]:
    """One row of each table named; None where there is none.

    Not one moment's view: each row is as it was at some time during the call.

    Raises:
        ClientError, Unfinished: as `PatientConnection`.
    """
    connection: Connection = wanted[0][0]._get_connection().connection  # noqa: SLF001 - there is no public way
    asked: dict[str, Any] = {}
    for model, hash_key, range_key in wanted:
        key = model.get_operation_kwargs_from_class(hash_key, range_key)
        asked[key["TableName"]] = {"Keys": [key["Key"]], "ConsistentRead": True}
    found = connection.dispatch("BatchGetItem", {"RequestItems": asked})["Responses"]
    return [_row(model, found) for model, _, _ in wanted]


def _row(model: type[Model], found: dict[str, Any]) -> Model | None:
    items = found.get(model.Meta.table_name)
    return model.from_raw_data(items[0]) if items else None
