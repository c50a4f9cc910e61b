"""The caller's chats: those that are pinned, then the others by when they last changed.

All pinned ones are on the first page, however small it is. Who pins or unpins a chat between two
pages moves it from one part to the other: so the cursor carries a mark of each that was pinned, and
these come no second time. One that is pinned later is not marked, and is not missed.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection

from afterimage.domain import ids
from afterimage.domain.chats import Chat
from afterimage.domain.errors import Invalid
from afterimage.ports.chats import ChatPosition, ChatReader
from afterimage.use_cases.read_chats import Page

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MARK = re.compile(r"[A-Za-z0-9_-]{8}")
_MARK_BYTES = 6  # of a hash: two of a million chats share one once in a thousand times


class ListChats:
    def __init__(self, chats: ChatReader) -> None:
        self._chats = chats

    def page(self, user_id: str, limit: int, cursor: str | None) -> Page[Chat]:
        """Args: limit: of the first page at least one chat is not pinned, if there is one."""
        if cursor is None:
            pinned = self._chats.pinned(user_id)
            marks: Collection[str] = {_mark(chat.id) for chat in pinned}
            after = None
        else:
            pinned, (after, marks) = [], _read(cursor)
        rows, position = self._chats.page(
            user_id, after, max(1, limit - len(pinned)), lambda chat_id: _mark(chat_id) in marks
        )
        return Page([*pinned, *rows], None if position is None else _written(position, marks))


def _mark(chat_id: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(chat_id.encode()).digest()[:_MARK_BYTES]).decode()


def _written(position: ChatPosition, marks: Collection[str]) -> str:
    parts = [position.updated_at, position.chat_id]
    return "~".join([*parts, "".join(sorted(marks))] if marks else parts)


def _read(cursor: str) -> tuple[ChatPosition, Collection[str]]:
    """Raises: Invalid."""
    updated_at, _, rest = cursor.partition("~")
    chat_id, has_marks, text = rest.partition("~")
    marks = _MARK.findall(text)
    is_whole = "".join(marks) == text and bool(marks) == bool(has_marks)
    if not _TIMESTAMP.fullmatch(updated_at) or not ids.is_chat_id(chat_id) or not is_whole:
        raise Invalid("malformed cursor")
    return ChatPosition(updated_at, chat_id), set(marks)
