"""The faults that change what a request or an answer holds do what DynamoDB does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import proxy
from tests.faults.calls import Call, Request
from tests.faults.proxy import Answer, Exchange
from tests.faults.read_committed import ReadCommitted

TABLE = "stack-MessagesTable-1"
KEY = {"user_id_chat_id": {"S": "alice#c"}, "message_id": {"S": "1"}}
OLD, NEW = ({**KEY, "text": {"S": text}} for text in ("old", "new"))
LATE = 0.2  # seconds


def ask(operation: str, **body: Any) -> Request:
    headers = {"x-amz-target": f"DynamoDB_20120810.{operation}", "content-length": "1"}
    return Request("POST", "/", headers, json.dumps(body).encode())


def body_of(answer: Answer | None) -> dict[str, Any]:
    assert answer is not None
    found: dict[str, Any] = json.loads(answer.body)
    return found


def in_part(request: Request, answer: Any) -> tuple[list[Any], dict[str, Any]]:
    """What came through, and what the sender was told."""
    passed: list[Any] = []

    def forward(request: Request) -> Answer:
        assert "content-length" not in request.headers
        passed.append(json.loads(request.body)["RequestItems"])
        return Answer(200, (), json.dumps(answer).encode())

    told = proxy.in_part(Exchange(Call("", "", None, None, 0.0), request, forward))
    return passed, body_of(told)


def test_half_of_a_batch_is_left_unread() -> None:
    asked = {TABLE: {"Keys": [1, 2, 3], "ConsistentRead": True}}

    passed, told = in_part(ask("BatchGetItem", RequestItems=asked), {"Responses": {TABLE: [1]}})

    assert passed == [{TABLE: {"Keys": [1], "ConsistentRead": True}}]
    assert told == {
        "Responses": {TABLE: [1]},
        "UnprocessedKeys": {TABLE: {"Keys": [2, 3], "ConsistentRead": True}},
    }


def test_half_of_a_batch_is_left_unwritten_and_one_write_wholly() -> None:
    passed, told = in_part(ask("BatchWriteItem", RequestItems={TABLE: [1, 2, 3, 4]}), {})
    none_passed, left = in_part(ask("BatchWriteItem", RequestItems={TABLE: [1]}), {})

    assert (passed, told["UnprocessedItems"]) == ([{TABLE: [1, 2]}], {TABLE: [3, 4]})
    assert (none_passed, left["UnprocessedItems"]) == ([], {TABLE: [1]})


# --- Reads that see a transaction in part --------------------------------------------------------


class Table:
    """As much of DynamoDB as has one row; also the client that may read everything."""

    def __init__(self) -> None:
        self.row: dict[str, Any] | None = OLD

    def transact_get_items(self, **_: Any) -> dict[str, Any]:
        return {"Responses": [{"Item": self.row} if self.row else {}]}

    def __call__(self, request: Request) -> Answer:
        match request.headers["x-amz-target"].partition(".")[2]:
            case "TransactWriteItems" | "PutItem":
                self.row = NEW
                answer: dict[str, Any] = {}
            case "GetItem":
                answer = {"Item": self.row} if self.row else {}
            case "BatchGetItem":
                answer = {"Responses": {TABLE: [self.row] if self.row else []}}
            case "Query":
                answer = {"Items": [self.row] if self.row else [], "Count": 1}
            case _:
                answer = self.transact_get_items()
        return Answer(200, (("x-amz-crc32", "1"),), json.dumps(answer).encode())


WRITE = ask("TransactWriteItems", TransactItems=[{"Put": {"TableName": TABLE, "Item": NEW}}])
READS: dict[str, tuple[Request, Callable[[Any], Any]]] = {
    "GetItem": (ask("GetItem", TableName=TABLE, Key=KEY), lambda body: body.get("Item")),
    "BatchGetItem": (
        ask("BatchGetItem", RequestItems={TABLE: {"Keys": [KEY]}}),
        lambda body: next(iter(body["Responses"][TABLE]), None),
    ),
    "Query": (ask("Query", TableName=TABLE), lambda body: next(iter(body["Items"]), None)),
}
SETTLED = ask("TransactGetItems", TransactItems=[{"Get": {"TableName": TABLE, "Key": KEY}}])


@pytest.fixture(params=sorted(READS))
def read(request: pytest.FixtureRequest) -> Callable[..., Any]:
    asked, row_of = READS[request.param]
    return lambda seen, table: row_of(body_of(seen(asked, table)))


@pytest.mark.parametrize("before", [OLD, None])
def test_an_item_of_a_transaction_is_seen_late_and_then_by_all(
    read: Callable[..., Any], before: Any
) -> None:
    table = Table()
    table.row = before
    seen = ReadCommitted(table, lambda _: LATE, lambda: False)

    seen(WRITE, table)

    assert read(seen, table) == before
    time.sleep(LATE)
    assert read(seen, table) == NEW


@pytest.mark.parametrize(
    "settling", [SETTLED, ask("PutItem", TableName=TABLE, Item=NEW)], ids=["read", "write"]
)
def test_what_sees_the_truth_lets_everybody_see_it(
    read: Callable[..., Any], settling: Request
) -> None:
    table = Table()
    seen = ReadCommitted(table, lambda _: 60.0, lambda: False)
    seen(WRITE, table)

    assert seen(settling, table).status == 200

    assert read(seen, table) == NEW


def test_a_read_of_whole_transactions_may_be_turned_away_meanwhile(
    read: Callable[..., Any],
) -> None:
    table = Table()
    seen = ReadCommitted(table, lambda _: 60.0, lambda: True)
    seen(WRITE, table)

    answer = seen(SETTLED, table)

    assert answer.status == 400
    assert body_of(answer)["CancellationReasons"] == [{"Code": "TransactionConflict"}]
    assert read(seen, table) == OLD
