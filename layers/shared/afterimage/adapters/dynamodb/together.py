"""Rows by their keys, one or several in one round trip, each strongly consistent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

_AT_ONCE = 100  # rows; as many as DynamoDB takes

RowT = TypeVar("RowT", bound=Model)
# Hash and range key of a row of some table.
Wanted = tuple[type[Model], str, str]


def read_row(model: type[RowT], hash_key: str, range_key: str) -> RowT | None:
    """The row with this key; None if there is none."""
    try:
        return model.get(hash_key, range_key, consistent_read=True)
    except DoesNotExist:
        return None


def read_together(*wanted: Wanted) -> list[Any]:
    """Each row named, in this order, of one table or several; None where there is none.

    Not one moment's view: each row is as it was at some time during the call.

    Raises:
        ClientError, Unfinished: as `PatientConnection`.
    """
    asked: dict[str, Any] = {}
    keys = [model.get_operation_kwargs_from_class(hash_, range_) for model, hash_, range_ in wanted]
    for key in keys:
        of_table = asked.setdefault(key["TableName"], {"Keys": [], "ConsistentRead": True})
        of_table["Keys"].append(key["Key"])
    found = _found(wanted[0][0], asked)
    rows = zip(wanted, keys, strict=True)
    return [_row(model, key["Key"], found.get(key["TableName"], ())) for (model, *_), key in rows]


def read_rows(model: type[RowT], hash_key: str, range_keys: Sequence[str]) -> list[RowT]:
    """Those that are there of these rows of one table, in any order; errors as above."""
    found: list[RowT] = []
    for start in range(0, len(range_keys), _AT_ONCE):
        some = dict.fromkeys(range_keys[start : start + _AT_ONCE])
        keys = [model.get_operation_kwargs_from_class(hash_key, key) for key in some]
        table = keys[0]["TableName"]
        asked = {"Keys": [key["Key"] for key in keys], "ConsistentRead": True}
        items = _found(model, {table: asked}).get(table, ())
        found += [model.from_raw_data(item) for item in items]
    return found


def _found(model: type[Model], asked: dict[str, Any]) -> dict[str, Any]:
    connection: Connection = model._get_connection().connection  # noqa: SLF001 - there is no public way
    answer: dict[str, Any] = connection.dispatch("BatchGetItem", {"RequestItems": asked})
    found: dict[str, Any] = answer["Responses"]
    return found


def _row(model: type[Model], key: dict[str, Any], items: Sequence[dict[str, Any]]) -> Model | None:
    item = next((item for item in items if key.items() <= item.items()), None)
    return None if item is None else model.from_raw_data(item)
