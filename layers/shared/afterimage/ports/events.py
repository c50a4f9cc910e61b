"""What a replay reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from afterimage.domain.chats import Chat
from afterimage.domain.events import EventReference
from afterimage.domain.images import Image
from afterimage.domain.messages import Message


class EventLog(Protocol):
    def latest(self, user_id: str, limit: int, now: datetime) -> Sequence[EventReference]:
        """The newest references, newest first, strongly consistent."""

    def after(self, user_id: str, seq: int, limit: int, now: datetime) -> Sequence[EventReference]:
        """References with a number over `seq`, in order, at most `limit`, strongly consistent."""

    def settled(
        self, user_id: str, numbers: Sequence[int], now: datetime
    ) -> tuple[int, Sequence[EventReference]]:
        """The counter and those references that there are, as whole transactions left them.

        Raises:
            Busy: transactions on them are under way, for as long as it was tried.
        """


class RowReader(Protocol):
    """Rows by reference, for replay.

    What is not there is missing from the answer, and so is all of a chat that is being deleted.
    There are two kinds. A plain one reads strongly consistent, but row by row: of a transaction
    that has just been committed it may see one row new and another old. A settled one sees each
    row as whole transactions left it, or raises Busy; what it has seen, plain ones see from then
    on.
    """

    def messages(self, user_id: str, keys: Sequence[tuple[str, str]]) -> Sequence[Message]:
        """Messages by `(chat_id, message_id)`."""

    def images(self, user_id: str, ids: Sequence[str]) -> Sequence[Image]:
        """Pictures of the gallery by their ids."""

    def chats(self, user_id: str, ids: Sequence[str]) -> Sequence[Chat]:
        """Chats by their ids."""
