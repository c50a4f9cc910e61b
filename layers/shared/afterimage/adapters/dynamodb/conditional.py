"""Writes of one row that hold only under a condition: that it did not hold is no error.

Each says whether it held.

Raises:
    PutError, UpdateError, DeleteError: it failed for another reason.
"""

from __future__ import annotations

from collections.abc import Callable

from pynamodb.exceptions import DeleteError, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model


def saved(row: Model, condition: Condition) -> bool:
    return _held(lambda: row.save(condition=condition))


def updated(row: Model, actions: list[Action], condition: Condition) -> bool:
    """If so, the row is as the table has it then."""
    return _held(lambda: row.update(actions, condition=condition))


def deleted(row: Model, condition: Condition) -> bool:
    return _held(lambda: row.delete(condition=condition))


def _held(write: Callable[[], object]) -> bool:
    try:
        write()
    except (PutError, UpdateError, DeleteError) as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True
