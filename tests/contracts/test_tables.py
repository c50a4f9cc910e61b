"""The models of the tables share one client, whichever thread calls first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import botocore.session

from afterimage.adapters.dynamodb.tables import TABLES, connect


def test_every_thread_uses_the_one_session() -> None:
    """PynamoDB keeps a session for each thread, and its first call may be made in any."""
    session = botocore.session.Session()
    connection = connect({key: key for key in TABLES}, session)

    with ThreadPoolExecutor(1) as another_thread:
        seen = another_thread.submit(lambda: connection.session).result()

    assert seen is session
    assert connection.session is session


def test_every_model_uses_the_one_client() -> None:
    connection = connect({key: key for key in TABLES})

    assert {model._get_connection().connection for model in TABLES.values()} == {connection}


def test_models_can_be_pointed_elsewhere() -> None:
    for stage in ("one", "two"):
        connect({key: f"{stage}-{key}" for key in TABLES})
        names = [model._get_connection().table_name for model in TABLES.values()]
        assert names == [f"{stage}-{key}" for key in TABLES]
