"""Reads that see whole transactions.

A plain read, strongly consistent as it may be, takes each row by itself: of a transaction that has
just been committed it may see one row new and another old. TransactGetItems sees all or nothing
of it, costs twice as much, and is turned away while a transaction on one of its rows is under way
("Managing complex workflows with DynamoDB transactions", isolation levels).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, TransactGetError
from pynamodb.models import Model
from pynamodb.transactions import TransactGet

from afterimage.adapters.dynamodb.contention import BUSY, Unfinished, outlasting
from afterimage.domain.errors import Busy

# Hash and range key of a row of some table.
Wanted = tuple[type[Model], str, str | int]

_AT_ONCE = 10  # rows; DynamoDB takes 100, but no more than 4 MB, and a row has up to 400 KB
# Long for a transaction, which takes milliseconds. Who is turned away for as long comes again, and
# does so no more often than this lets them.
_KEEP_TRYING_S = 1.0
_NOT_NOW = BUSY | {"TransactionConflict", "ThrottlingError"}


def read_settled(wanted: Sequence[Wanted]) -> list[Any]:
    """Each row named, None where there is none. Up to ten are of one moment.

    Raises:
        Busy: transactions on them were under way for a second.
    """
    try:
        return [
            row
            for start in range(0, len(wanted), _AT_ONCE)
            for row in outlasting(partial(_read, wanted[start : start + _AT_ONCE]), _KEEP_TRYING_S)
        ]
    except Unfinished as error:
        raise Busy("rows did not settle") from error


def _read(wanted: Sequence[Wanted]) -> list[Any]:
    connection: Connection = wanted[0][0]._get_connection().connection  # noqa: SLF001 - there is no public way
    try:
        with TransactGet(connection=connection) as transaction:
            found = [transaction.get(model, hash_key, key) for model, hash_key, key in wanted]
    except TransactGetError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if not _NOT_NOW.isdisjoint({error.cause_response_code, *reasons}):
            raise Unfinished("transactions are under way") from error
        raise
    return [_row_of(future) for future in found]


def _row_of(future: Any) -> Model | None:
    try:
        row: Model = future.get()
    except DoesNotExist:
        return None
    return row
