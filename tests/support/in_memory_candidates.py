"""Texts that several people ask, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Candidate:
    """Attributes: users: hashes."""

    until: datetime
    users: set[str] = field(default_factory=set)
    words: str | None = None


class InMemoryCandidates:
    """Implements `CandidateStore`; tests may look."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Candidate] = {}

    def count(self, week: str, text: str, user: str, most: int, until: datetime) -> int:
        row = self.rows.setdefault((week, text), Candidate(until))
        if len(row.users) >= most:
            return 0
        row.users.add(user)
        row.until = until
        return len(row.users)

    def name(self, week: str, text: str, words: str) -> None:
        self.rows[week, text].words = words
