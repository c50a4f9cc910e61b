"""What is kept of texts that several people ask."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class CandidateHashes(Protocol):
    """Names that say nothing, and that nobody can try out who has no key; another one each week."""

    def text(self, week: str, words: str) -> str:
        """Of a text."""

    def user(self, week: str, text: str, user_id: str) -> str:
        """Of somebody who asked it: another one for each text. Args: text: its hash."""


class CandidateStore(Protocol):
    def count(self, week: str, text: str, user: str, most: int, until: datetime) -> int:
        """Note that somebody asked a text; how many have, 0 if there were `most` already.

        Args:
            text, user: hashes.
            until: when it may be forgotten.
        """

    def name(self, week: str, text: str, words: str) -> None:
        """Write the words down."""
