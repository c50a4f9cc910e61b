"""Texts that several people ask, in DynamoDB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import size
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.tables import CandidateRow


class DynamoDbCandidates:
    """Implements `CandidateStore`."""

    def count(self, week: str, text: str, user: str, most: int, until: datetime) -> int:
        row = CandidateRow(week, text)
        number: Any = size(CandidateRow.users)  # type: ignore[no-untyped-call]
        fewer = CandidateRow.users.does_not_exist() | (number < most)
        one_more: list[Action] = [
            CandidateRow.users.add({user}),
            CandidateRow.expires_at.set(columns.epoch(until)),
        ]
        return len(row.users or ()) if updated(row, one_more, fewer) else 0

    def name(self, week: str, text: str, words: str) -> None:
        row = CandidateRow(week, text)
        row.update([CandidateRow.words.set(words)], condition=CandidateRow.users.exists())
