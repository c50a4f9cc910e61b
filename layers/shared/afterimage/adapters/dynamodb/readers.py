"""Messages, chats and pictures as they are read from DynamoDB, outside transactions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from afterimage.adapters.dynamodb import message_rows, rows
from afterimage.adapters.dynamodb.tables import (
    PINS,
    ChatRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.adapters.dynamodb.together import read_row, read_together
from afterimage.domain.chats import Chat
from afterimage.domain.deletions import DeletionKind, deletion_names, kind_and_subject
from afterimage.domain.images import Image
from afterimage.domain.limits import MOST_PINNED
from afterimage.domain.messages import Message
from afterimage.ports.chats import ChatPosition, Saying


class DynamoDbMessages:
    """Implements `MessageReader` and `SayingReader`."""

    def get(self, user_id: str, chat_id: str, message_id: str) -> Message | None:
        # In either order: while a chat is marked, no message of it changes.
        row, chat = read_together(
            (MessageRow, message_rows.messages_key(user_id, chat_id), message_id),
            (ChatRow, user_id, chat_id),
        )
        if row is None or (chat is not None and chat.deleting):
            return None
        return message_rows.message_of(row)

    def before(
        self, user_id: str, chat_id: str, message_id: str | None, limit: int
    ) -> list[Message]:
        if limit < 1:
            return []
        found = MessageRow.query(
            message_rows.messages_key(user_id, chat_id),
            MessageRow.message_id < message_id if message_id else None,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [message_rows.message_of(row) for row in found]

    def starting(self, user_id: str, chat_id: str, message_id: str, limit: int) -> list[Message]:
        found = MessageRow.query(
            message_rows.messages_key(user_id, chat_id),
            MessageRow.message_id >= message_id,
            consistent_read=True,
            limit=limit,
        )
        return [message_rows.message_of(row) for row in found]

    def sayings(self, user_id: str, chat_id: str, before: str | None, limit: int) -> list[Saying]:
        found = MessageRow.query(
            message_rows.messages_key(user_id, chat_id),
            MessageRow.message_id < before if before else None,
            scan_index_forward=False,
            consistent_read=False,  # at half the price, of up to a thousand rows
            attributes_to_get=["user_id_chat_id", "message_id", "text", "prompt"],
            limit=limit,
        )
        return [Saying(row.message_id, _said(row.text, row.prompt)) for row in found]


class DynamoDbChats:
    """Implements `ChatReader`."""

    def get(self, user_id: str, chat_id: str) -> Chat | None:
        row = read_row(ChatRow, user_id, chat_id)
        return None if row is None or row.deleting else rows.chat_of(row)

    def pinned(self, user_id: str) -> list[Chat]:
        named = read_row(ChatRow, user_id, PINS)
        keys = [(user_id, chat_id) for chat_id in (named and named.pins) or ()]
        found = ChatRow.batch_get(keys, consistent_read=True) if keys else ()
        chats = [rows.chat_of(row) for row in found if row.pinned and not row.deleting]
        return sorted(chats, key=lambda chat: (chat.updated_at, chat.id), reverse=True)

    def page(
        self,
        user_id: str,
        after: ChatPosition | None,
        limit: int,
        is_left_out: Callable[[str], bool] | None = None,
    ) -> tuple[list[Chat], ChatPosition | None]:
        start = None
        if after is not None:
            start = {
                "user_id": {"S": user_id},
                "updated_at": {"S": after.updated_at},
                "chat_id": {"S": after.chat_id},
            }
        query = ChatRow.by_updated_at.query(
            user_id,
            filter_condition=ChatRow.deleting.does_not_exist(),
            scan_index_forward=False,
            consistent_read=True,
            last_evaluated_key=start,
            # Without it a read is a megabyte, however few are taken of it.
            page_size=limit if is_left_out is None else limit + MOST_PINNED,
        )
        wanted = (row for row in query if is_left_out is None or not is_left_out(row.chat_id))
        found = list(islice(wanted, limit))
        chats = [rows.chat_of(row) for row in found]
        if len(found) < limit:
            return chats, None
        return chats, ChatPosition(found[-1].updated_at, found[-1].chat_id)

    def being_deleted(self, user_id: str) -> set[str]:
        """By the deletions in the ledger, of which there are few, not by the chats."""
        names = LedgerRow.entry.startswith(deletion_names(DeletionKind.CHAT))
        found = LedgerRow.query(user_id, names, consistent_read=True)
        return {kind_and_subject(row.entry)[1] for row in found}


class DynamoDbImages:
    """Implements `ImageReader`."""

    def get(self, user_id: str, image_id: str) -> Image | None:
        row = read_row(ImageRow, user_id, image_id)
        return None if row is None else rows.image_of(row)

    def before(self, user_id: str, image_id: str | None, limit: int) -> list[Image]:
        found = ImageRow.query(
            user_id,
            ImageRow.image_id < image_id if image_id else None,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [rows.image_of(row) for row in found]


def _said(text: str, prompt: str | None) -> str:
    return f"{text}\n{prompt or ''}"
