"""The models of the tables share one client, whichever thread calls first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import pytest

from afterimage.adapters.dynamodb.connect import connect
from afterimage.adapters.dynamodb.tables import TABLES
from afterimage.adapters.system import SystemClock
from afterimage.invocation import Invocation

ANY_TIME = Invocation(SystemClock())


@pytest.fixture(autouse=True)
def _on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and credentials come from the environment."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def test_every_thread_uses_the_one_session() -> None:
    """PynamoDB keeps a session for each thread, and its first call may be made in any."""
    session = botocore.session.Session()
    connection = connect({key: key for key in TABLES}, ANY_TIME, session)

    with ThreadPoolExecutor(1) as another_thread:
        seen = another_thread.submit(lambda: connection.session).result()

    assert seen is session
    assert connection.session is session


def test_every_model_uses_the_one_client() -> None:
    connection = connect({key: key for key in TABLES}, ANY_TIME)

    assert {model._get_connection().connection for model in TABLES.values()} == {connection}


def test_models_can_be_pointed_elsewhere() -> None:
    for stage in ("one", "two"):
        connect({key: f"{stage}-{key}" for key in TABLES}, ANY_TIME)
        names = [model._get_connection().table_name for model in TABLES.values()]
        assert names == [f"{stage}-{key}" for key in TABLES]


def test_the_client_is_made_once_before_any_thread_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two reads at once made two, which costs a cold start."""
    session = botocore.session.Session()
    made: list[str] = []
    create = session.create_client

    def slowly(service: str, *arguments: Any, **named: Any) -> Any:
        made.append(service)
        time.sleep(0.05)
        return create(service, *arguments, **named)

    monkeypatch.setattr(session, "create_client", slowly)
    connection = connect({key: key for key in TABLES}, ANY_TIME, session)

    with ThreadPoolExecutor(4) as threads:
        clients = set(threads.map(lambda _: id(connection.client), range(4)))

    assert (made, len(clients)) == (["dynamodb"], 1)
