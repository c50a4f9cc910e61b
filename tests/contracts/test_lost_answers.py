"""A request is carried out, its answer is lost, and the SDK sends it again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from tests.contracts.conftest import LIKE_AWS, Tables
from tests.support.builders import a_job
from tests.support.doubles import NOW, REQUEST

from afterimage.domain.changes import InsertJob, Transition
from afterimage.domain.jobs import JobStatus
from afterimage.domain.limits import ModelKind

DAY = "2026-11-20"


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers that are lost from now on, by the operation: the first of each one named."""
    operations: list[str] = []
    send = URLLib3Session.send

    def send_and_lose(self: URLLib3Session, request: Any) -> Any:
        answer = send(self, request)
        operation = bytes(request.headers.get("X-Amz-Target", b"")).decode().rpartition(".")[2]
        if operation in operations:
            operations.remove(operation)
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr(URLLib3Session, "send", send_and_lose)
    return operations


@pytest.mark.parametrize("atomic_tables", [LIKE_AWS], indirect=True)
def test_a_claim_whose_answer_was_lost_is_a_claim(
    atomic_tables: Tables, user: str, losing: list[str]
) -> None:
    transition = Transition((InsertJob(a_job()),), ())
    atomic_tables.store.commit(atomic_tables.store.read(user), transition, NOW)
    losing.append("UpdateItem")

    claimed = atomic_tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST)

    assert losing == []
    assert claimed is not None
    assert claimed.status is JobStatus.RUNNING
    assert atomic_tables.jobs.claim(user, a_job().id, 1, NOW, REQUEST) is None


@pytest.mark.parametrize("atomic_tables", [LIKE_AWS], indirect=True)
def test_a_call_is_given_back_once(atomic_tables: Tables, user: str, losing: list[str]) -> None:
    for _ in range(3):
        assert atomic_tables.calls.count_call(user, ModelKind.IMAGE, DAY, 3)
    losing.append("UpdateItem")

    atomic_tables.calls.return_call(user, ModelKind.IMAGE, DAY)

    assert losing == []
    assert atomic_tables.usage.used(user, DAY).image_calls == 2


@pytest.mark.parametrize("atomic_tables", [LIKE_AWS], indirect=True)
def test_a_transaction_whose_answer_was_lost_is_applied_once(
    atomic_tables: Tables, user: str, losing: list[str]
) -> None:
    losing.append("TransactWriteItems")

    transition = Transition((InsertJob(a_job()),), (), opens=1)
    atomic_tables.store.commit(atomic_tables.store.read(user), transition, NOW)

    assert losing == []
    assert atomic_tables.store.read(user).open_messages == 1
