"""How often somebody has said today how a wait felt."""

from __future__ import annotations

from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.tables import LedgerRow


class DynamoDbReports:
    """Implements `ReportCounter`."""

    def count_report(self, user_id: str, day: str) -> bool:
        fewer = LedgerRow.reports.does_not_exist() | (LedgerRow.reports < LedgerRow.used)
        allowed = LedgerRow.used.exists() & fewer
        one_more: list[Action] = [LedgerRow.reports.add(1)]
        return updated(LedgerRow(user_id, f"messages#{day}"), one_more, allowed)
