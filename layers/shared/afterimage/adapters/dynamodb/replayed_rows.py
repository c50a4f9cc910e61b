"""The rows that events are about, read row by row or as whole transactions left them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pynamodb.models import Model

from afterimage.adapters.dynamodb import message_rows, rows
from afterimage.adapters.dynamodb.settled import read_settled
from afterimage.adapters.dynamodb.tables import ChatRow, ImageRow, MessageRow
from afterimage.domain.chats import Chat
from afterimage.domain.images import Image
from afterimage.domain.messages import Message

OfChatT = TypeVar("OfChatT", Message, Image)
# Rows of one table by hash and range key; what is not there is left out.
Read = Callable[[type[Model], Sequence[tuple[str, str]]], Iterable[Any]]


def plain(model: type[Model], keys: Sequence[tuple[str, str]]) -> Iterable[Any]:
    return model.batch_get(keys, consistent_read=True) if keys else ()


def settled(model: type[Model], keys: Sequence[tuple[str, str]]) -> Iterable[Any]:
    found = read_settled([(model, hash_key, key) for hash_key, key in keys])
    return [row for row in found if row is not None]


class DynamoDbRows:
    """Implements `RowReader`; of which kind, `read` decides."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def messages(self, user_id: str, keys: Sequence[tuple[str, str]]) -> list[Message]:
        stored = [(message_rows.messages_key(user_id, chat_id), id_) for chat_id, id_ in keys]
        found = [message_rows.message_of(row) for row in self._read(MessageRow, stored)]
        return self._of_kept_chats(user_id, found)

    def images(self, user_id: str, ids: Sequence[str]) -> list[Image]:
        found = self._read(ImageRow, [(user_id, id_) for id_ in ids])
        by_id = {row.image_id: rows.image_of(row) for row in found}
        return self._of_kept_chats(user_id, [by_id[id_] for id_ in ids if id_ in by_id])

    def chats(self, user_id: str, ids: Sequence[str]) -> list[Chat]:
        found = self._read(ChatRow, [(user_id, id_) for id_ in ids])
        return [rows.chat_of(row) for row in found if not row.deleting]

    def _of_kept_chats(self, user_id: str, found: list[OfChatT]) -> list[OfChatT]:
        """Without those of a chat that is being deleted; a chat without a row is not."""
        chats = sorted({row.chat_id for row in found if row.chat_id is not None})
        keys = [(user_id, chat_id) for chat_id in chats]
        deleting = {row.chat_id for row in self._read(ChatRow, keys) if row.deleting}
        return [row for row in found if row.chat_id not in deleting]
