"""What painting for the stock calls and costs, counted by the day."""

from __future__ import annotations

import uuid

from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import rows
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.stock_rows import CALLS
from afterimage.adapters.dynamodb.tables import StockRow
from afterimage.domain.limits import ModelKind
from afterimage.ports.models import Cost


class StockCalls:
    """Implements `CallCounter` and `CostLedger` for what nobody has asked for: a day's calls and
    their costs are in one row, which has its own limit."""

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        del user_id, model, limit
        row = StockRow(CALLS, day)
        one_more: list[Action] = [StockRow.used.add(1)]
        return updated(row, one_more, StockRow.used < StockRow.most)

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        del user_id, model
        # The SDK repeats a request whose answer was lost; what was given back once stays so.
        row, nonce = StockRow(CALLS, day), uuid.uuid4().hex
        returned: list[Action] = [StockRow.used.add(-1), StockRow.claim_nonce.set(nonce)]
        other = StockRow.claim_nonce.does_not_exist() | (StockRow.claim_nonce != nonce)
        updated(row, returned, (StockRow.used > 0) & other)

    def note_cost(self, cost: Cost) -> None:
        row = StockRow(CALLS, cost.day)
        other = StockRow.cost_nonce.does_not_exist() | (StockRow.cost_nonce != cost.nonce)
        noted: list[Action] = [
            StockRow.cost_nano_usd.add(cost.nano_usd),
            StockRow.cost_nonce.set(cost.nonce),
            StockRow.expires_at.set(rows.counter_expires_at(cost.day)),
        ]
        updated(row, noted, other)
