"""Words in one's own chats: in their titles, in what was said, in what was painted.

Chats are looked through from the one that last changed, each from its newest message; the first
messages of several are read side by side, since most chats are short. A page ends after so many
results, rows or seconds, and its cursor leads on, also where nothing was found. What a search looks
at may be a moment old; what it found is read once more, so that nothing comes that was deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

from afterimage.domain import ids
from afterimage.domain.chats import Chat
from afterimage.domain.errors import Invalid
from afterimage.domain.messages import Message
from afterimage.domain.words import has_all, words_of
from afterimage.ports.chats import ChatPosition, ChatReader, Saying, SayingReader
from afterimage.ports.events import RowReader
from afterimage.ports.system import Clock
from afterimage.use_cases.attach import Attach
from afterimage.views import timestamp

MOST_HITS = 50  # of a page
_AT_ONCE = 8  # chats
_FIRST, _FURTHER = 25, 100  # messages of a chat that are read at a time
# Rows that one page looks at: with those that were read in vain they are never over a thousand.
_ROWS = 1_000 - _AT_ONCE * (1 + _FIRST) - _FURTHER
_TIME = timedelta(seconds=5)
_NEWER_THAN_ALL = "7" + "Z" * 25
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Hit:
    """Attributes: message: None if it is the chat's title. cursor: of what comes behind it."""

    chat: Chat
    message: Message | None
    cursor: str


@dataclass(frozen=True)
class Hits:
    """A page of them, and where it goes on."""

    hits: Sequence[Hit]
    cursor: str | None


@dataclass(frozen=True)
class _Place:
    """How far a search has come: through this chat, to this message."""

    at: ChatPosition
    message_id: str

    @property
    def cursor(self) -> str:
        """As it is handed out."""
        return f"{self.at.updated_at}~{self.at.chat_id}~{self.message_id}"


@dataclass(frozen=True)
class _Row:
    """A title or a message (`message_id`), and the place behind it."""

    chat: Chat
    message_id: str | None
    text: str
    place: _Place


class Search:
    """Args: executor: reads several chats side by side."""

    def __init__(
        self,
        chats: ChatReader,
        sayings: SayingReader,
        rows: RowReader,
        attach: Attach,
        clock: Clock,
        executor: Executor,
    ) -> None:
        self._chats = chats
        self._sayings = sayings
        self._rows = rows
        self._attach = attach
        self._clock = clock
        self._executor = executor

    def __call__(self, user_id: str, words: str, cursor: str | None) -> Hits:
        """Raises: Invalid (no word, the cursor)."""
        wanted = words_of(words)
        if not wanted:
            raise Invalid("no word to look for")
        until = self._clock.now() + _TIME
        found: list[_Row] = []
        end = None
        place = None if cursor is None else _place(cursor)
        for number, row in enumerate(self._from(user_id, place), start=1):
            if has_all(row.text, wanted):
                found.append(row)
            is_full = len(found) == MOST_HITS or number == _ROWS
            if is_full or self._clock.now() >= until:
                end = row.place.cursor
                break
        return Hits(self._hits(user_id, found), end)

    def _from(self, user_id: str, place: _Place | None) -> Iterator[_Row]:
        """All titles and messages behind a place, read as they are taken."""
        if place is not None and (chat := self._chats.get(user_id, place.at.chat_id)) is not None:
            yield from self._further(user_id, chat, place)
        at = None if place is None else place.at
        while True:
            chats, at = self._chats.page(user_id, at, _AT_ONCE)
            for chat, first in zip(chats, self._first(user_id, chats), strict=True):
                begun = _Place(_position(chat), _NEWER_THAN_ALL)
                yield _Row(chat, None, chat.title, begun)
                yield from _rows(chat, begun.at, first)
                if len(first) == _FIRST:
                    yield from self._further(user_id, chat, _Place(begun.at, first[-1].id))
            if at is None:
                return

    def _first(self, user_id: str, chats: Sequence[Chat]) -> Iterable[Sequence[Saying]]:
        def read(chat: Chat) -> Sequence[Saying]:
            return self._sayings.sayings(user_id, chat.id, None, _FIRST)

        return self._executor.map(read, chats)

    def _further(self, user_id: str, chat: Chat, place: _Place) -> Iterator[_Row]:
        before = place.message_id
        while some := self._sayings.sayings(user_id, chat.id, before, _FURTHER):
            yield from _rows(chat, place.at, some)
            if len(some) < _FURTHER:
                return
            before = some[-1].id

    def _hits(self, user_id: str, found: Sequence[_Row]) -> list[Hit]:
        """With the messages as they are now, without what is gone."""
        keys = [(row.chat.id, row.message_id) for row in found if row.message_id is not None]
        messages = self._attach(user_id, self._rows.messages(user_id, keys))
        by_key = {(message.chat_id, message.id): message for message in messages}
        hits = (
            Hit(row.chat, by_key.get((row.chat.id, row.message_id or "")), row.place.cursor)
            for row in found
        )
        return [
            hit
            for hit, row in zip(hits, found, strict=True)
            if row.message_id is None or hit.message is not None
        ]


def _rows(chat: Chat, at: ChatPosition, sayings: Sequence[Saying]) -> Iterator[_Row]:
    for saying in sayings:
        yield _Row(chat, saying.id, saying.text, _Place(at, saying.id))


def _position(chat: Chat) -> ChatPosition:
    return ChatPosition(timestamp(chat.updated_at), chat.id)


def _place(cursor: str) -> _Place:
    """Raises: Invalid."""
    parts = cursor.split("~")
    if len(parts) != len(("updated_at", "chat_id", "message_id")):
        raise Invalid("malformed cursor")
    updated_at, chat_id, message_id = parts
    is_known = ids.is_chat_id(chat_id) and ids.is_ulid(message_id)
    if not _TIMESTAMP.fullmatch(updated_at) or not is_known:
        raise Invalid("malformed cursor")
    return _Place(ChatPosition(updated_at, chat_id), message_id)
