"""Texts that several people ask, in DynamoDB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import size

from afterimage.adapters.dynamodb import columns
from afterimage.adapters.dynamodb.tables import CandidateRow


class DynamoDbCandidates:
    """Implements `CandidateStore`."""

    def count(self, week: str, text: str, user: str, most: int, until: datetime) -> int:
        row = CandidateRow(week, text)
        number: Any = size(CandidateRow.users)  # type: ignore[no-untyped-call]
        fewer = CandidateRow.users.does_not_exist() | (number < most)
        try:
            row.update(
                [
                    CandidateRow.users.add({user}),
                    CandidateRow.expires_at.set(columns.epoch(until)),
                ],
                condition=fewer,
            )
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return 0
            raise
        return len(row.users or ())

    def name(self, week: str, text: str, words: str) -> None:
        row = CandidateRow(week, text)
        row.update([CandidateRow.words.set(words)], condition=CandidateRow.users.exists())
