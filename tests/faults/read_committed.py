"""Reads beside a transaction as DynamoDB makes them: row by row, and not all new at once.

MiniStack applies a transaction in one step. On AWS its items are seen one after the other by
every read outside a transaction, strongly consistent or not ("read-committed", in the developer
guide's table of isolation levels). Here an item of a transaction that has held may stay old to
GetItem, BatchGetItem and Query for a while. TransactGetItems, conditions and writes see the truth;
and what any of them has touched is seen by everybody from then on.

A row that a transaction removes is gone from a Query at once, and an index shows a row as it is or
not at all.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tests.faults.calls import Request, operation_of, table_of
from tests.faults.proxy import Answer, Forward, changed

Item = dict[str, Any]
Key = tuple[str, str, str]  # table, hash key, range key

_KEYS = {
    "messages": ("user_id_chat_id", "message_id"),
    "chats": ("user_id", "chat_id"),
    "user_images": ("user_id", "image_id"),
    "image_generation_log": ("user_id", "entry"),
    "channels": ("user_id", "entry"),
    "channel_events": ("user_id", "seq"),
}
_CANCELLED = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"


@dataclass(frozen=True)
class _Old:
    """Attributes: item: None where there was none. until: seconds, monotonic."""

    item: Item | None
    until: float


class ReadCommitted:
    """Lies between the proxy's rules and DynamoDB.

    Args:
        dynamodb: a client that may read everything.
        seconds_late: for how long an item of a table stays old; asked for each item written.
        turns_away: whether a TransactGetItems is cancelled because an item is still old.
    """

    def __init__(
        self,
        dynamodb: Any,
        seconds_late: Callable[[str], float],
        turns_away: Callable[[], bool],
    ) -> None:
        self._dynamodb = dynamodb
        self._seconds_late = seconds_late
        self._turns_away = turns_away
        self._old: dict[Key, _Old] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request, forward: Forward) -> Answer:
        operation = operation_of(request)
        if operation is None:
            return forward(request)
        body = json.loads(request.body)
        match operation:
            case "TransactWriteItems":
                return self._transact(request, body, forward)
            case "TransactGetItems":
                return self._read_settled(request, body, forward)
            case "GetItem" | "BatchGetItem" | "Query":
                return self._read(operation, body, forward(request))
            case _:
                self._settle(_written(operation, body))
                return forward(request)

    # --- Writing ------------------------------------------------------------------------------

    def _transact(self, request: Request, body: Item, forward: Forward) -> Answer:
        late = {
            key: seconds for key in _transacted(body) if (seconds := self._seconds_late(key[0])) > 0
        }
        before = self._truth(body, list(late)) if late else {}
        self._settle(_transacted(body))
        answer = forward(request)
        if answer.status == HTTPStatus.OK:
            now = time.monotonic()
            with self._lock:
                for key, seconds in late.items():
                    self._old[key] = _Old(before[key], now + seconds)
        return answer

    def _truth(self, body: Item, wanted: list[Key]) -> dict[Key, Item | None]:
        """These items as they are now."""
        tables = {table_of(write["TableName"]): write["TableName"] for write in _writes(body)}
        gets = [
            {"Get": {"TableName": tables[key[0]], "Key": _key_attributes(key)}} for key in wanted
        ]
        found = self._dynamodb.transact_get_items(TransactItems=gets)["Responses"]
        return {key: one.get("Item") for key, one in zip(wanted, found, strict=True)}

    def _settle(self, keys: Iterable[Key]) -> None:
        with self._lock:
            for key in keys:
                self._old.pop(key, None)

    # --- Reading ------------------------------------------------------------------------------

    def _read_settled(self, request: Request, body: Item, forward: Forward) -> Answer:
        wanted = [
            _key_of(get["Get"]["TableName"], get["Get"]["Key"]) for get in body["TransactItems"]
        ]
        still_old = [self._seen_old(key) is not None for key in wanted]
        if any(still_old) and self._turns_away():
            return _conflict(still_old)
        self._settle(wanted)
        return forward(request)

    def _read(self, operation: str, body: Item, answer: Answer) -> Answer:
        if answer.status != HTTPStatus.OK or not self._old:
            return answer
        found = json.loads(answer.body)
        match operation:
            case "GetItem":
                key = _key_of(body["TableName"], body["Key"])
                if (old := self._seen_old(key)) is None:
                    return answer
                found.pop("Item", None)
                found |= {} if old.item is None else {"Item": old.item}
            case "BatchGetItem":
                for table, asked in body["RequestItems"].items():
                    rows = found["Responses"].get(table, [])
                    found["Responses"][table] = list(self._batch(table, asked["Keys"], rows))
            case _:
                found["Items"] = list(self._query(body, found.get("Items", [])))
                found["Count"] = len(found["Items"])
        return changed(answer, found)

    def _batch(self, table: str, keys: list[Item], rows: list[Item]) -> Iterator[Item]:
        new = {_key_of(table, row): row for row in rows}
        for asked in keys:
            key = _key_of(table, asked)
            old = self._seen_old(key)
            row = new.get(key) if old is None else old.item
            if row is not None:
                yield row

    def _query(self, body: Item, rows: list[Item]) -> Iterator[Item]:
        for row in rows:
            old = self._seen_old(_key_of(body["TableName"], row))
            if old is None:
                yield row
            elif old.item is not None:
                yield row if "IndexName" in body else old.item

    def _seen_old(self, key: Key) -> _Old | None:
        with self._lock:
            old = self._old.get(key)
            if old is None or old.until > time.monotonic():
                return old
            del self._old[key]
            return None


def _conflict(still_old: Sequence[bool]) -> Answer:
    reasons = [{"Code": "TransactionConflict" if old else "None"} for old in still_old]
    body = {"__type": _CANCELLED, "CancellationReasons": reasons}
    return Answer(HTTPStatus.BAD_REQUEST, (), json.dumps(body).encode())


def _written(operation: str, body: Item) -> Iterator[Key]:
    if operation == "BatchWriteItem":
        for table, writes in body["RequestItems"].items():
            for write in writes:
                [one] = write.values()
                yield _key_of(table, one.get("Item") or one["Key"])
    elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
        yield _key_of(body["TableName"], body.get("Item") or body["Key"])


def _writes(body: Item) -> Iterator[Item]:
    """What a transaction writes, without what it only checks."""
    for one in body["TransactItems"]:
        [(kind, write)] = one.items()
        if kind != "ConditionCheck":
            yield write


def _transacted(body: Item) -> Iterator[Key]:
    for write in _writes(body):
        yield _key_of(write["TableName"], write.get("Item") or write["Key"])


def _key_of(physical: str, item: Item) -> Key:
    table = table_of(physical)
    hash_key, range_key = (next(iter(item[name].values())) for name in _KEYS[table])
    return table, hash_key, range_key


def _key_attributes(key: Key) -> Item:
    table, *values = key
    kinds = ("S", "N" if table == "channel_events" else "S")
    return {
        name: {kind: value} for name, kind, value in zip(_KEYS[table], kinds, values, strict=True)
    }
