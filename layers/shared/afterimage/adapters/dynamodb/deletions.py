"""What is being deleted, and the removal of rows in bulk, in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pynamodb.models import Model

from afterimage.adapters.dynamodb import message_rows, rows
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.tables import (
    COUNTER,
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.adapters.dynamodb.together import read_row
from afterimage.domain.deletions import Deletion, DeletionKind, deletion_names
from afterimage.ports.keeping import UserRows


class DynamoDbDeletions:
    """Implements `DeletionStore`. A deletion is a row of the ledger, found by the index `open`."""

    def get(self, user_id: str, name: str) -> Deletion | None:
        row = read_row(LedgerRow, user_id, name)
        return None if row is None else rows.deletion_of(row)

    def of_kind(self, user_id: str, kind: DeletionKind) -> list[Deletion]:
        names = LedgerRow.entry.startswith(deletion_names(kind))
        return [
            rows.deletion_of(row) for row in LedgerRow.query(user_id, names, consistent_read=True)
        ]

    def begin(self, user_id: str, deletion: Deletion) -> None:
        rows.deletion_row(user_id, deletion).save()

    def postpone(self, user_id: str, deletion: Deletion, until: datetime) -> None:
        row, later = LedgerRow(user_id, deletion.name), LedgerRow.purge_at.set(until.timestamp())
        # Without the condition an update would leave a row where there is none any more.
        updated(row, [later], LedgerRow.entry.exists())

    def finished(self, user_id: str, deletion: Deletion) -> None:
        LedgerRow(user_id, deletion.name).delete()


class DynamoDbRemoval:
    """Implements `ChatRows` and `AccountRows`.

    PynamoDB's batches are DynamoDB's of 25; what one leaves undone, the connection sends again.
    """

    def remove_messages(self, user_id: str, chat_id: str, ids: Sequence[str]) -> None:
        key = message_rows.messages_key(user_id, chat_id)
        _remove(MessageRow, (MessageRow(key, id_) for id_ in ids))

    def remove_images(self, user_id: str, ids: Sequence[str]) -> None:
        _remove(ImageRow, (ImageRow(user_id, id_) for id_ in ids))

    def remove_jobs(self, user_id: str, ids: Sequence[str]) -> None:
        _remove(LedgerRow, (LedgerRow(user_id, id_) for id_ in ids))

    def remove_chat(self, user_id: str, chat_id: str) -> None:
        ChatRow(user_id, chat_id).delete()

    def chats(self, user_id: str, limit: int) -> list[str]:
        found = ChatRow.query(
            user_id, attributes_to_get=["user_id", "chat_id"], consistent_read=True, limit=limit
        )
        return [row.chat_id for row in found]

    def messages(self, user_id: str, chat_id: str, limit: int) -> list[str]:
        found = MessageRow.query(
            message_rows.messages_key(user_id, chat_id),
            attributes_to_get=["user_id_chat_id", "message_id"],
            consistent_read=True,
            limit=limit,
        )
        return [row.message_id for row in found]

    def remove_some(
        self, user_id: str, kind: UserRows, limit: int, keeping: Sequence[str] = ()
    ) -> bool:
        model, name = _KINDS[kind]
        found = model.query(user_id, attributes_to_get=["user_id", name], consistent_read=True)
        kept = {COUNTER, *keeping}
        removable = (row for row in found if getattr(row, name) not in kept)
        some = list(islice(removable, limit))
        _remove(model, some)
        return bool(some)


# Where everything but chats and messages is, and what names one row of a user there.
_KINDS: dict[UserRows, tuple[type[Any], str]] = {
    UserRows.IMAGES: (ImageRow, "image_id"),
    UserRows.LEDGER: (LedgerRow, "entry"),
    UserRows.CHANNEL: (ChannelRow, "entry"),
    UserRows.EVENTS: (EventRow, "seq"),
}


def _remove(model: type[Model], gone: Iterable[Any]) -> None:
    with model.batch_write() as batch:
        for row in gone:
            batch.delete(row)
