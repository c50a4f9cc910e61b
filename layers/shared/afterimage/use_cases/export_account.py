"""Everything that a user has here, to be taken along: chats, messages, pictures, the ledger.

One row after the other, in this order; whoever writes them down stops where a page is full, and
goes on by the cursor of the last one. Chats and their messages come by their ids, so that what is
used meanwhile changes nobody's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from afterimage.domain.chats import Chat
from afterimage.domain.errors import Invalid
from afterimage.domain.images import Image
from afterimage.domain.ledger import LedgerEntry
from afterimage.domain.messages import Message
from afterimage.ports.chats import ChatReader, MessageReader
from afterimage.ports.exports import ExportReader
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.read_chats import ReadImages

_AT_ONCE = 50  # messages or pictures


class Kind(StrEnum):
    CHATS = "chats"
    MESSAGES = "messages"
    IMAGES = "images"
    LEDGER = "ledger"


# In the order in which they come, with what a cursor of each names.
_NAMES = {Kind.CHATS: 1, Kind.MESSAGES: 2, Kind.IMAGES: 1, Kind.LEDGER: 1}


@dataclass(frozen=True)
class Exported:
    """One row, and the cursor of what comes behind it."""

    kind: Kind
    row: Chat | Message | Image | LedgerEntry
    cursor: str


class ExportAccount:
    def __init__(
        self,
        exports: ExportReader,
        chats: ChatReader,
        messages: MessageReader,
        images: ReadImages,
        attach: Attach,
    ) -> None:
        self._exports = exports
        self._chats = chats
        self._messages = messages
        self._images = images
        self._attach = attach

    def __call__(self, user_id: str, cursor: str | None) -> Iterator[Exported]:
        """All that comes behind a cursor. Raises: Invalid (the cursor), at once."""
        begun, names = _read(cursor)
        kinds = list(Kind)
        return self._behind(user_id, kinds[kinds.index(begun) :], names)

    def _behind(self, user_id: str, kinds: list[Kind], names: list[str]) -> Iterator[Exported]:
        for kind in kinds:
            for row, *at in self._rows(user_id, kind, names):
                yield Exported(kind, row, "~".join((kind, *at)))
            names = []

    def _rows(self, user_id: str, kind: Kind, names: list[str]) -> Iterator[tuple[Any, ...]]:
        """Each with what names its place. Args: names: of the last place; none at the beginning."""
        after = names[0] if names else None
        match kind:
            case Kind.CHATS:
                return ((chat, chat.id) for chat in self._exports.chats(user_id, after))
            case Kind.MESSAGES:
                return self._all_messages(user_id, names)
            case Kind.IMAGES:
                return self._all_images(user_id, after)
            case Kind.LEDGER:
                return self._ledger(user_id, after)

    def _all_messages(self, user_id: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
        last = None
        if names:
            last, message_id = names
            if self._chats.get(user_id, last) is not None:
                yield from self._of_chat(user_id, last, message_id)
        for chat in self._exports.chats(user_id, last):
            yield from self._of_chat(user_id, chat.id, "")

    def _of_chat(self, user_id: str, chat_id: str, after: str) -> Iterator[tuple[Any, ...]]:
        """Oldest first."""
        while True:
            # The next id there can be: all have one length.
            some = self._messages.starting(user_id, chat_id, f"{after}0", _AT_ONCE)
            for message in self._attach(user_id, some):
                yield message, chat_id, message.id
            if len(some) < _AT_ONCE:
                return
            after = some[-1].id

    def _all_images(self, user_id: str, after: str | None) -> Iterator[tuple[Any, ...]]:
        """Newest first."""
        while True:
            page = self._images.page(user_id, _AT_ONCE, after, None)
            yield from ((image, image.id) for image in page.rows)
            if (after := page.cursor) is None:
                return

    def _ledger(self, user_id: str, after: str | None) -> Iterator[tuple[Any, ...]]:
        going = self._chats.being_deleted(user_id)
        for entry in self._exports.ledger(user_id, after):
            if entry.chat_id not in going:
                yield entry, entry.id


def _read(cursor: str | None) -> tuple[Kind, list[str]]:
    if cursor is None:
        return Kind.CHATS, []
    kind, *names = cursor.split("~")
    if kind not in set(Kind) or len(names) != _NAMES[Kind(kind)] or not all(names):
        raise Invalid("malformed cursor")
    return Kind(kind), names
