"""What is read only to be taken along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from afterimage.domain.chats import Chat
from afterimage.domain.ledger import LedgerEntry


class ExportReader(Protocol):
    """Everything of one kind, strongly consistent, read as it is taken."""

    def chats(self, user_id: str, after: str | None) -> Iterator[Chat]:
        """Those with a larger id, by their ids, but for what is being deleted."""

    def ledger(self, user_id: str, after: str | None) -> Iterator[LedgerEntry]:
        """Those with a larger id, by their ids; deletions under way are none."""
