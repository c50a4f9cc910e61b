"""How the tables' models share one client."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pynamodb.connection import Connection
from pynamodb.models import Model

from afterimage.adapters.dynamodb import stalls
from afterimage.adapters.dynamodb.contention import PatientConnection
from afterimage.invocation import Invocation

if TYPE_CHECKING:
    import botocore.session
from afterimage.adapters.dynamodb.tables import TABLES

_POOL = 24  # at least as many as threads call at once


def connect(
    names: Mapping[str, str],
    invocation: Invocation,
    session: botocore.session.Session | None = None,
) -> Connection:
    """Point every model at its table, all through one client.

    PynamoDB gives each model a client of its own, and a client costs a cold start tens of
    milliseconds; one for each would cost more than everything else together. It also makes a client
    at the first call, by as many threads as call at once: so this makes it, before there are any.

    Args:
        names: physical table name by the keys of `TABLES`, of those that are used.
        invocation: whose time bounds how long a call is repeated.
        session: shared with the other AWS clients; region and credentials come from it.
    """
    connection = PatientConnection(
        invocation,
        connect_timeout_seconds=stalls.CONNECT_TIMEOUT_S,
        read_timeout_seconds=stalls.READ_TIMEOUT_S,
        max_retry_attempts=stalls.RETRIES,
        max_pool_connections=_POOL,
    )
    if session is not None:
        # The only way to share a session; PynamoDB's own holder keeps one for each thread.
        holder: Any = SimpleNamespace(session=session)
        connection._local = holder  # noqa: SLF001 - there is no public way
    stalls.tell_as_busy(connection.session)
    _ = connection.client
    for key, name in names.items():
        _share(TABLES[key], name, connection)
    return connection


def _share(model: type[Model], table: str, connection: Connection) -> None:
    meta: Any = model.Meta
    meta.table_name = table
    model._connection = None  # noqa: SLF001 - forget a table bound before
    own = model._get_connection()  # noqa: SLF001 - there is no public way
    connection.add_meta_table(own.get_meta_table())
    own.connection = connection
