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


def of_cost(day: str) -> str:
    """The name of what a day has cost. Args: day: `YYYY-MM-DD`."""
    return f"cost#{day}"


def room(limit: int, number: int = 1) -> Condition:
    """So many more fit among the `limit` that may be counted."""
    fits: Condition = LedgerRow.used <= limit - number
    return LedgerRow.used.does_not_exist() | fits if limit >= number else fits


def more(counter: str, number: int = 1) -> list[Action]:
    """Counts so many, in the row of this name."""
    _, _, day = counter.partition("#")
    return [LedgerRow.used.add(number), LedgerRow.expires_at.set(rows.counter_expires_at(day))]
