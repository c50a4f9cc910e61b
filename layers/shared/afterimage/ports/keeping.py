"""What the keeper finds and removes, and what has it begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from afterimage.domain.deletions import Deletion, DeletionKind


@dataclass(frozen=True)
class MessageKey:
    """Where one message is found."""

    user_id: str
    chat_id: str
    message_id: str


# The one index across users is spread over this many partitions.
OPEN_PARTITIONS = 16


class DueIndex(Protocol):
    """What waits for the keeper, across users. Eventually consistent: look at the row itself."""

    def open_messages(
        self, partition: int, due_by: datetime
    ) -> Iterator[tuple[MessageKey, datetime]]:
        """Open messages with a deadline before that, and it; the most urgent of a partition first.

        Args:
            partition: from 0.
        """

    def open_of(self, user_id: str) -> Iterator[MessageKey]:
        """All of one user's open messages."""

    def users_with_open(self, part: int, parts: int) -> Iterator[str]:
        """Ids of users whose counter of open answers is not 0: one part of all users, from 0."""

    def due_removals(self, partition: int, now: datetime) -> Iterator[tuple[str, str]]:
        """`(user_id, name)` of what is to be removed by now.

        The name is a job's id (it has ended, and its uploads are to go) or a deletion's name.
        """


class DeletionStore(Protocol):
    """What was marked as deleted; `BeginDeletion` writes it together with the mark."""

    def get(self, user_id: str, name: str) -> Deletion | None:
        """Strongly consistent."""

    def of_kind(self, user_id: str, kind: DeletionKind) -> Sequence[Deletion]:
        """All of a user's deletions of one kind, strongly consistent."""

    def begin(self, user_id: str, deletion: Deletion) -> None:
        """Note something to be deleted, in place of what is noted under its name."""

    def postpone(self, user_id: str, deletion: Deletion, until: datetime) -> None:
        """Look at it again then; nothing happens if it has been finished."""

    def finished(self, user_id: str, deletion: Deletion) -> None:
        """Nothing is left to do."""


class DeletionStarter(Protocol):
    def start(self, user_id: str, deletion: Deletion) -> None:
        """Have it finished soon, without waiting for it. Never raises: the sweep finds it."""


class ChatRows(Protocol):
    """Rows of a chat, removed in bulk; those that are not there do not matter."""

    def remove_messages(self, user_id: str, chat_id: str, ids: Sequence[str]) -> None:
        """By their ids, any number of them."""

    def remove_images(self, user_id: str, ids: Sequence[str]) -> None:
        """From the gallery."""

    def remove_jobs(self, user_id: str, ids: Sequence[str]) -> None:
        """From the ledger."""

    def remove_chat(self, user_id: str, chat_id: str) -> None:
        """The chat's own row, with its mark."""


class UserRows(StrEnum):
    """What a user has beside chats and messages."""

    IMAGES = "images"
    LEDGER = "ledger"
    CHANNEL = "channel"
    EVENTS = "events"


class AccountRows(Protocol):
    """Everything a user has, found and removed, strongly consistent."""

    def chats(self, user_id: str, limit: int) -> Sequence[str]:
        """Ids of chats, also of those being deleted."""

    def messages(self, user_id: str, chat_id: str, limit: int) -> Sequence[str]:
        """Ids of a chat's messages."""

    def remove_some(
        self, user_id: str, kind: UserRows, limit: int, keeping: Sequence[str] = ()
    ) -> bool:
        """Remove at most `limit` rows; whether there were any. The counter row always stays.

        Args:
            keeping: names of rows that stay as well.
        """


class Edge(Protocol):
    def invalidate(self, reference: str, keys: Sequence[str], tags: Sequence[str]) -> bool:
        """Let no cache serve these S3 keys, nor what has one of these tags, any more.

        Args:
            reference: with the same keys and tags it is the same request, however often it is
                made.
            keys: each is two paths; it may end in `*`.
            tags: each is billed as one path, whatever number of files has it.

        Returns:
            False if too much is under way at the edge: to be tried again later.
        """
