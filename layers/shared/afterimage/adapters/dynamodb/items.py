"""The items of a transaction, and whose decision each of them is."""

from __future__ import annotations

from dataclasses import dataclass

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from afterimage.domain.changes import Change


@dataclass(frozen=True)
class Check:
    model: type[Model]
    key: tuple[str, str]
    condition: Condition


@dataclass(frozen=True)
class Delete:
    row: Model
    condition: Condition | None


@dataclass(frozen=True)
class Put:
    row: Model
    condition: Condition | None


@dataclass(frozen=True)
class Update:
    row: Model
    actions: list[Action]
    condition: Condition


Write = Check | Delete | Put | Update


@dataclass(frozen=True)
class Item:
    """One item of a transaction, and the change whose decision it is, if it is anybody's."""

    write: Write
    change: Change | None = None
