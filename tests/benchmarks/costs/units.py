"""DynamoDB's capacity units, from requests and answers as they go over the wire.

A write costs a unit for each KB of the larger of the row before and after, a strongly consistent
read one for each 4 KB, half of it otherwise; in a transaction twice that. Of the indexes, `open` is
written beside the table, `by_updated_at` with it; where the key of an entry changes, the old entry
is removed and the new one put. A condition check is counted as a write, the dearer way to see it.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from tests.faults.calls import table_of

_WRITE, _READ = 1_024, 4_096
# What an update writes, and what it takes away.
_WRITTEN = re.compile(r"(#\w+)[ ,=]+(:\w+)")
_REMOVED = re.compile(r"REMOVE ((?:#\w+(?:, )?)+)")
Row = dict[str, dict[str, Any]]


def size(row: Row) -> int:
    """Bytes of a row: names and values; a number takes half a byte a digit and one more."""
    return sum(len(name.encode()) + _value(value) for name, value in row.items())


def _value(value: dict[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode())
    return math.ceil(len(content) / 2) + 1 if kind == "N" else 1


class Meter:
    """Adds up requests; keeps what it saw of each row, for its size and its place in an index."""

    def __init__(self) -> None:
        self.reads = 0.0
        self.writes: Counter[str] = Counter()
        self._rows: dict[str, Row] = {}

    def take(self, operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            for item in asked["TransactItems"]:
                kind, one = next(iter(item.items()))
                self._write(kind, one, times=2)
        elif operation == "BatchGetItem":
            for table, found in answer["Responses"].items():
                missing = len(asked["RequestItems"][table]["Keys"]) - len(found)
                self.reads += missing + sum(_units(size(row), _READ) for row in found)
        elif operation == "TransactGetItems":
            rows = (one.get("Item") or {} for one in answer["Responses"])
            self.reads += sum(2 * _units(size(row), _READ) for row in rows)
        elif operation == "BatchWriteItem":
            for table, requests in asked["RequestItems"].items():
                for request in requests:
                    kind, one = next(iter(request.items()))
                    self._write(kind.removesuffix("Request"), {"TableName": table, **one})
        elif operation in ("Query", "GetItem", "Scan"):
            found = answer.get("Items") or [answer.get("Item") or {}]
            half = 1 if asked.get("ConsistentRead") else 0.5
            read = sum(size(self._whole(asked, row)) for row in found)
            self.reads += half * _units(read, _READ)
        else:
            self._write(operation.removesuffix("Item"), asked, answer.get("Attributes"))

    def _whole(self, asked: dict[str, Any], row: Row) -> Row:
        """What is read where only some of it is brought; as far as its writing was seen."""
        if "ProjectionExpression" not in asked or not row:
            return row
        key = _key({"TableName": asked["TableName"], "Item": row})
        return self._rows.get(_name(asked["TableName"], key), row)

    def _write(
        self, kind: str, asked: dict[str, Any], after: Row | None = None, times: int = 1
    ) -> None:
        table = table_of(asked["TableName"])
        name = _name(asked["TableName"], _key(asked))
        before = self._rows.get(name, {})
        if kind == "Put":
            after = asked["Item"]
        elif kind == "Update" and after is None:
            after = _updated(before, asked)
        new = after if after is not None else before
        self.writes[table] += times * _units(max(size(before), size(new)), _WRITE)
        if kind == "ConditionCheck":
            return
        if kind == "Update" and "updated_at" in asked.get("ExpressionAttributeNames", {}).values():
            self.writes[table] += times * (2 if before else 1)
        if kind in ("Put", "Update", "Delete"):
            old, now = _open(before), None if kind == "Delete" else _open(new)
            if old != now:
                self.writes[f"{table}/open"] += len([one for one in (old, now) if one])
        self._rows[name] = {} if kind == "Delete" else new


def _name(table: str, key: Row) -> str:
    return f"{table_of(table)} {json.dumps(key, sort_keys=True)}"


def _updated(before: Row, asked: dict[str, Any]) -> Row:
    """A row once an update has been applied; what it adds to is as large as what it adds."""
    names = asked.get("ExpressionAttributeNames", {})
    values = asked.get("ExpressionAttributeValues", {})
    update = asked.get("UpdateExpression", "")
    written = {names[name]: values[value] for name, value in _WRITTEN.findall(update)}
    gone = {names[name] for listed in _REMOVED.findall(update) for name in listed.split(", ")}
    row = {**before, **asked["Key"], **written}
    return {name: value for name, value in row.items() if name not in gone}


def _units(octets: int, step: int) -> int:
    return max(1, math.ceil(octets / step))


def _open(row: Row) -> tuple[str, str] | None:
    if "open" not in row or "S" not in row["open"]:
        return None
    due = row.get("deadline") or row.get("purge_at") or {"N": ""}
    return row["open"]["S"], due["N"]


_KEYS = ("user_id_chat_id", "message_id"), ("user_id", "chat_id"), ("user_id", "image_id")
_MORE_KEYS = ("user_id", "entry"), ("user_id", "seq")


def _key(asked: dict[str, Any]) -> Row:
    if "Key" in asked:
        return dict(asked["Key"])
    row = asked["Item"]
    names: tuple[str, ...] = {
        "messages": _KEYS[0],
        "chats": _KEYS[1],
        "user_images": _KEYS[2],
        "image_generation_log": _MORE_KEYS[0],
        "channels": _MORE_KEYS[0],
        "channel_events": _MORE_KEYS[1],
        "stock": ("suggestion", "id"),
        "shares": ("name",),
    }[table_of(asked["TableName"])]
    return {name: row[name] for name in names}
