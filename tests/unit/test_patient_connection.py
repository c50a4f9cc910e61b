"""What DynamoDB turns away for now is asked for again, with pauses, while there is time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import repeat
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from pynamodb.exceptions import PutError, PynamoDBException
from tests.support.builders import CHAT, a_job, a_message, a_ulid
from tests.support.doubles import NOW, REQUEST, FixedClock

from afterimage.adapters.dynamodb.channel_store import DynamoDbChannelStore
from afterimage.adapters.dynamodb.connect import connect
from afterimage.adapters.dynamodb.contention import Unfinished
from afterimage.adapters.dynamodb.deletions import DynamoDbDeletions, DynamoDbRemoval
from afterimage.adapters.dynamodb.due_index import DynamoDbDueIndex
from afterimage.adapters.dynamodb.event_log import DynamoDbEventLog
from afterimage.adapters.dynamodb.ledger import DynamoDbLedger
from afterimage.adapters.dynamodb.readers import DynamoDbChats, DynamoDbImages, DynamoDbMessages
from afterimage.adapters.dynamodb.replayed_rows import DynamoDbRows, plain
from afterimage.adapters.dynamodb.reports import DynamoDbReports
from afterimage.adapters.dynamodb.tables import TABLES
from afterimage.domain.changes import TouchChat, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.invocation import Invocation
from afterimage.ports.channel import LostRace
from afterimage.ports.keeping import UserRows

USER = "alice"
PLAIN = DynamoDbRows(plain)
THROTTLED = "ThrottlingException"
A_CHAT = {
    "title": {"S": "a title"},
    "created_at": {"S": "2026-11-20T10:00:00.000Z"},
    "updated_at": {"S": "2026-11-20T10:00:00.000Z"},
}
DELETION = Deletion.now(DeletionKind.CHAT, CHAT, NOW)

Answer = Callable[[dict[str, Any]], dict[str, Any]] | str


@dataclass
class Table:
    """Answers DynamoDB's calls, each by the next answer; an answer that is a code refuses."""

    store: DynamoDbChannelStore
    answers: Iterator[Answer] = field(default_factory=lambda: iter(()))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def will(self, *answers: Answer) -> None:
        self.answers = iter(answers)

    def always(self, answer: Answer) -> None:
        self.answers = repeat(answer)

    def call(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        answer = next(self.answers)
        if isinstance(answer, str):
            return {"Error": {"Code": answer, "Message": "not now"}}
        return answer(asked)


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    session.set_config_variable("region", "eu-central-1")
    return session


@pytest.fixture
def table(session: botocore.session.Session, invocation: Invocation, clock: FixedClock) -> Table:
    connection = connect({key: key for key in TABLES}, invocation, session)
    table = Table(DynamoDbChannelStore(connection, clock))

    def answered(params: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        body = table.call(json.loads(params["body"]))
        return SimpleNamespace(status_code=400 if "Error" in body else 200), body

    events: Any = connection.client.meta.events
    events.register("before-call.dynamodb", answered)
    return table


def nothing(asked: dict[str, Any]) -> dict[str, Any]:
    """A call that is taken and finds nothing."""
    return {
        "Items": [],
        "Count": 0,
        "ScannedCount": 0,
        "Attributes": {},
        "Responses": {name: [] for name in asked.get("RequestItems", ())},
        "UnprocessedKeys": {},
    }


def reads(some: int) -> Answer:
    """Of a batch, the first rows are read and the others are not."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        ((name, wanted),) = asked["RequestItems"].items()
        done, left = wanted["Keys"][:some], wanted["Keys"][some:]
        return {
            "Responses": {name: [{**key, **A_CHAT} for key in done]},
            "UnprocessedKeys": {name: {**wanted, "Keys": left}} if left else {},
        }

    return answer


def removes(some: int) -> Answer:
    """Of a batch, the first rows are removed and the others are not."""

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        ((name, wanted),) = asked["RequestItems"].items()
        return {"UnprocessedItems": {name: wanted[some:]} if wanted[some:] else {}}

    return answer


# --- Turned away as a whole ----------------------------------------------------------------------


CALLS: dict[str, Callable[[Table], Any]] = {
    "counter and connections": lambda table: table.store.read(USER),
    "connection": lambda table: table.store.register(USER, "tab", NOW, NOW),
    "ticket": lambda table: table.store.keep(USER, "digest", NOW),
    "message": lambda _: DynamoDbMessages().get(USER, CHAT, a_ulid(0)),
    "messages": lambda _: DynamoDbMessages().before(USER, CHAT, None, 10),
    "chats": lambda _: DynamoDbChats().page(USER, None, 10),
    "image": lambda _: DynamoDbImages().get(USER, a_ulid(0)),
    "job": lambda _: DynamoDbLedger().get(USER, a_ulid(0)),
    "move": lambda _: DynamoDbLedger().move(USER, a_job(), a_job()),
    "report": lambda _: DynamoDbReports().count_report(USER, "2026-11-20"),
    "deletion": lambda _: DynamoDbDeletions().begin(USER, DELETION),
    "overdue": lambda _: list(DynamoDbDueIndex().open_messages(0, NOW)),
    "events": lambda _: DynamoDbEventLog().after(USER, 0, 10, NOW),
    "rows of events": lambda _: PLAIN.chats(USER, [CHAT]),
    "removal": lambda _: DynamoDbRemoval().remove_jobs(USER, [a_ulid(0)]),
    "removal of some": lambda _: DynamoDbRemoval().remove_some(USER, UserRows.EVENTS, 10),
}


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("refusal", [THROTTLED, "ProvisionedThroughputExceededException"])
def test_a_call_that_is_throttled_is_repeated_with_pauses(
    table: Table, clock: FixedClock, what: str, refusal: str
) -> None:
    table.will(refusal, refusal, nothing)

    CALLS[what](table)

    assert len(table.asked) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("left_s", [None, 4])
def test_it_ends_while_the_invocation_has_time_to_say_so(
    table: Table, clock: FixedClock, invocation: Invocation, what: str, left_s: int | None
) -> None:
    table.always(THROTTLED)
    if left_s is not None:
        invocation.begin(NOW + timedelta(seconds=left_s))

    with pytest.raises(Exception, match="not now"):
        CALLS[what](table)

    in_bulk = what == "removal"
    most = left_s - 1 if left_s else 60 if in_bulk else 5
    assert clock.now() - NOW <= timedelta(seconds=most)
    assert len(table.asked) > 3


def test_any_other_refusal_is_told_at_once(table: Table, clock: FixedClock) -> None:
    table.always("ValidationException")

    with pytest.raises(PutError):
        DynamoDbDeletions().begin(USER, DELETION)

    assert (len(table.asked), clock.slept) == (1, [])


def test_a_claim_outlasts_a_transaction_on_its_job(table: Table) -> None:
    table.will("TransactionConflictException", "ValidationException")

    with pytest.raises(PynamoDBException):
        DynamoDbLedger().claim(USER, a_job().id, 1, NOW, REQUEST)

    assert len(table.asked) == 2


def test_a_transaction_is_repeated_by_who_can_read_again(table: Table, clock: FixedClock) -> None:
    table.always(THROTTLED)
    touch = Transition((TouchChat(CHAT, "a title", NOW),), ())

    with pytest.raises(LostRace):
        table.store.commit(Channel(USER), touch, NOW)

    assert (len(table.asked), clock.slept) == (1, [])


# --- Left undone in part -------------------------------------------------------------------------


def ids(count: int) -> list[str]:
    return [a_message(number).id for number in range(count)]


def keys(asked: Iterable[dict[str, Any]]) -> list[int]:
    """How many rows each call asked for."""
    return [
        len(wanted["Keys"] if isinstance(wanted, dict) else wanted)
        for call in asked
        for wanted in call["RequestItems"].values()
    ]


def test_rows_that_are_left_unread_are_read_after_a_pause(table: Table, clock: FixedClock) -> None:
    table.will(reads(1), THROTTLED, reads(2), reads(0), reads(2))

    found = PLAIN.chats(USER, ids(5))

    assert sorted(chat.id for chat in found) == ids(5)
    assert keys(table.asked) == [5, 4, 4, 2, 2]
    assert len(clock.slept) == 4


def test_rows_that_are_left_standing_are_removed_after_a_pause(
    table: Table, clock: FixedClock
) -> None:
    table.will(removes(20), removes(0), THROTTLED, removes(5), removes(25))

    DynamoDbRemoval().remove_messages(USER, CHAT, ids(30))

    assert keys(table.asked) == [25, 5, 5, 5, 5]
    assert len(clock.slept) == 3


@pytest.mark.parametrize("left_s", [None, 30])
def test_rows_that_stay_unread_are_given_up(
    table: Table, clock: FixedClock, invocation: Invocation, left_s: int | None
) -> None:
    table.always(reads(0))
    if left_s:
        invocation.begin(NOW + timedelta(seconds=left_s))

    with pytest.raises(Unfinished):
        PLAIN.images(USER, ids(3))

    assert timedelta(seconds=4) < clock.now() - NOW <= timedelta(seconds=5)


def test_rows_are_removed_for_as_long_as_the_function_has_time(
    table: Table, clock: FixedClock, invocation: Invocation
) -> None:
    table.always(removes(0))
    invocation.begin(NOW + timedelta(seconds=30))

    with pytest.raises(Unfinished):
        DynamoDbRemoval().remove_messages(USER, CHAT, ids(3))

    assert timedelta(seconds=27) < clock.now() - NOW <= timedelta(seconds=29)


def test_a_partition_that_takes_one_row_at_a_time_is_emptied(
    table: Table, clock: FixedClock
) -> None:
    """1,000 units of a partition are five of the longest messages a second."""
    table.always(removes(1))

    DynamoDbRemoval().remove_messages(USER, CHAT, ids(25))

    assert keys(table.asked) == list(range(25, 0, -1))
    assert clock.now() - NOW < timedelta(seconds=60)
