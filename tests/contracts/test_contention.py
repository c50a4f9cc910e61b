"""A write of one row meets a transaction on that row, as it can on AWS and cannot on MiniStack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session
from tests.contracts.conftest import LIKE_AWS, Tables
from tests.support.builders import CHAT, a_job, a_message
from tests.support.doubles import NOW, REQUEST

from afterimage.adapters.dynamodb import settled
from afterimage.domain.changes import InsertJob, InsertMessage, TouchChat, Transition
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import Busy
from afterimage.domain.job_life import Move, moved
from afterimage.domain.jobs import JobStatus

ON_AWS_ONLY = pytest.mark.parametrize("atomic_tables", [LIKE_AWS], indirect=True)
DELETION = Deletion.now(DeletionKind.CHAT, CHAT, NOW)
A_SECOND = timedelta(seconds=1)


class Body:
    """As much of urllib3's answer as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


Answer = Callable[[Any], AWSResponse]


def conflict(request: Any) -> AWSResponse:
    kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException"
    return answer(request, 400, {"__type": kind, "message": "Transaction is ongoing for the item"})


def nothing_read(request: Any) -> AWSResponse:
    asked = json.loads(request.body)["RequestItems"]
    return answer(request, 200, {"Responses": {}, "UnprocessedKeys": asked})


def answer(request: Any, status: int, body: Any) -> AWSResponse:
    return AWSResponse(request.url, status, HTTPHeaders(), Body(json.dumps(body).encode()))


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`with meeting("UpdateItem", conflict, times=3):` the next three are answered so."""
    send = URLLib3Session.send

    @contextmanager
    def met(operation: str, answered: Answer, times: int = 3) -> Iterator[None]:
        left = times

        def send_or_answer(self: URLLib3Session, request: Any) -> Any:
            nonlocal left
            target = bytes(request.headers.get("X-Amz-Target", b"")).decode()
            if left and target.endswith(f".{operation}"):
                left -= 1
                return answered(request)
            return send(self, request)

        with monkeypatch.context() as patched:
            patched.setattr(URLLib3Session, "send", send_or_answer)
            yield
        assert left == 0, f"{operation} was not sent {times} times"

    return met


@pytest.fixture
def stored(atomic_tables: Tables, user: str) -> Tables:
    """With a message in a chat and its job."""
    changes = (InsertMessage(a_message()), TouchChat(CHAT, "a title", NOW), InsertJob(a_job()))
    atomic_tables.store.commit(atomic_tables.store.read(user), Transition(changes, ()), NOW)
    return atomic_tables


@ON_AWS_ONLY
def test_a_claim_outlasts_a_transaction_on_its_job(
    stored: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    with meeting("UpdateItem", conflict):
        claimed = stored.jobs.claim(user, a_job().id, 1, NOW, REQUEST)

    assert claimed is not None
    assert claimed.status is JobStatus.RUNNING


@ON_AWS_ONLY
def test_a_move_outlasts_a_transaction_on_its_job(
    stored: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    claimed = stored.jobs.claim(user, a_job().id, 1, NOW, REQUEST)
    assert claimed is not None

    with meeting("UpdateItem", conflict):
        assert stored.jobs.move(user, claimed, moved(claimed, Move.RESCUE, NOW))

    with meeting("UpdateItem", conflict):
        stored.jobs.purged(user, a_job().id)
    found = stored.jobs.get(user, a_job().id)
    assert found is not None
    assert (found.status, found.attempt) == (JobStatus.RESERVED, 2)


@ON_AWS_ONLY
def test_what_is_noted_of_a_deletion_outlasts_a_transaction(
    atomic_tables: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    deletions = atomic_tables.deletions
    with meeting("PutItem", conflict):
        deletions.begin(user, DELETION)
    with meeting("UpdateItem", conflict):
        deletions.postpone(user, DELETION, NOW + A_SECOND)
    noted = deletions.get(user, DELETION.name)
    with meeting("DeleteItem", conflict):
        deletions.finished(user, DELETION)

    assert noted is not None
    assert noted.due_at == NOW + A_SECOND
    assert deletions.get(user, DELETION.name) is None


@ON_AWS_ONLY
def test_a_chats_row_is_removed_past_a_transaction(
    stored: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    with meeting("DeleteItem", conflict):
        stored.removal.remove_chat(user, CHAT)

    assert stored.removal.chats(user, 10) == []


# --- A message and its chat ----------------------------------------------------------------------


@ON_AWS_ONLY
def test_what_dynamodb_leaves_unread_is_read_again(
    stored: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    with meeting("BatchGetItem", nothing_read, times=2):
        assert stored.messages.get(user, CHAT, a_message().id) == a_message()


@ON_AWS_ONLY
def test_a_message_is_read_with_its_chat_in_one_round_trip(
    stored: Tables, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send = URLLib3Session.send

    def note(self: URLLib3Session, request: Any) -> Any:
        sent.append(bytes(request.headers["X-Amz-Target"]).decode().rpartition(".")[2])
        return send(self, request)

    monkeypatch.setattr(URLLib3Session, "send", note)

    stored.messages.get(user, CHAT, a_message().id)

    assert sent == ["BatchGetItem"]


# --- Rows as whole transactions left them --------------------------------------------------------


def under_way(request: Any) -> AWSResponse:
    """A transaction on one of them is being applied."""
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
    body = {"__type": kind, "Message": "Transaction cancelled", "CancellationReasons": reasons}
    return answer(request, 400, body)


@ON_AWS_ONLY
def test_a_settled_read_outlasts_the_transaction_that_it_meets(
    stored: Tables, user: str, meeting: Callable[..., Any]
) -> None:
    with meeting("TransactGetItems", under_way):
        found = stored.settled_rows.messages(user, [(CHAT, a_message().id)])

    assert list(found) == [a_message()]


@ON_AWS_ONLY
def test_a_settled_read_gives_up_where_transactions_never_end(
    stored: Tables, user: str, monkeypatch: pytest.MonkeyPatch, meeting: Callable[..., Any]
) -> None:
    monkeypatch.setattr(settled, "_PATIENCE", replace(settled._PATIENCE, at_most=timedelta()))

    with meeting("TransactGetItems", under_way, times=1), pytest.raises(Busy):
        stored.events.settled(user, [1], NOW)
