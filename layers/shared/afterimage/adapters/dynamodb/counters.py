"""A day's counter as an update of its ledger row: the same alone or in a transaction."""

from __future__ import annotations

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import rows
from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.domain.limits import ModelKind


def of_calls(model: ModelKind, day: str) -> str:
    """The counter's name. Args: day: `YYYY-MM-DD`."""
    return f"{model.value}_calls#{day}"


def room(limit: int) -> Condition:
    """Fewer than `limit` are counted."""
    fewer: Condition = LedgerRow.used < limit
    return LedgerRow.used.does_not_exist() | fewer if limit > 0 else fewer


def one_more(counter: str) -> list[Action]:
    """Counts one, in the row of this name."""
    _, _, day = counter.partition("#")
    return [LedgerRow.used.add(1), LedgerRow.expires_at.set(rows.counter_expires_at(day))]
