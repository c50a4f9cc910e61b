"""Reads that see whole transactions.

A plain read, strongly consistent as it may be, takes each row by itself: of a transaction that has
just been committed it may see one row new and another old. TransactGetItems sees all or nothing
of it, costs twice as much, and is turned away while a transaction on one of its rows is under way
("Managing complex workflows with DynamoDB transactions", isolation levels).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pynamodb.exceptions import DoesNotExist, TransactGetError
from pynamodb.models import Model
from pynamodb.transactions import TransactGet

from afterimage.adapters.dynamodb.contention import BUSY, PatientConnection
from afterimage.domain.errors import Busy
from afterimage.invocation import Patience

# Hash and range key of a row of some table.
Wanted = tuple[type[Model], str, str | int]

_AT_ONCE = 10  # rows; DynamoDB takes 100, but no more than 4 MB, and a row has up to 400 KB
# Long for a transaction, which takes milliseconds. Who is turned away for as long comes again, and
# does so no more often than this lets them.
_PATIENCE = Patience(first_pause=0.01, longest_pause=0.16, at_most=timedelta(seconds=1))
_NOT_NOW = BUSY | {"TransactionConflict", "ThrottlingError"}


def read_settled(wanted: Sequence[Wanted]) -> list[Any]:
    """Each row named, None where there is none. Up to ten are of one moment.

    Raises:
        Busy: transactions on them were under way for a second.
    """
    starts = range(0, len(wanted), _AT_ONCE)
    return [row for start in starts for row in _outlasting(wanted[start : start + _AT_ONCE])]


def _outlasting(wanted: Sequence[Wanted]) -> list[Model | None]:
    """Again for as long as it is turned away, and there is time."""
    connection: PatientConnection = wanted[0][0]._get_connection().connection  # type: ignore[assignment]  # noqa: SLF001 - there is no public way
    refusal: TransactGetError | None = None
    for _ in connection.tries(_PATIENCE):
        try:
            return _read(connection, wanted)
        except TransactGetError as error:
            if not _is_for_now(error):
                raise
            refusal = error
    raise Busy("rows did not settle") from refusal


def _read(connection: PatientConnection, wanted: Sequence[Wanted]) -> list[Model | None]:
    with TransactGet(connection=connection) as transaction:
        found = [transaction.get(model, hash_key, key) for model, hash_key, key in wanted]
    return [_row_of(future) for future in found]


def _is_for_now(error: TransactGetError) -> bool:
    reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return not _NOT_NOW.isdisjoint({error.cause_response_code, *reasons})


def _row_of(future: Any) -> Model | None:
    try:
        row: Model = future.get()
    except DoesNotExist:
        return None
    return row
