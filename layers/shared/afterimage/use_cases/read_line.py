"""A line of a chat as it stands: all its versions, and whether it is the chat's last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from afterimage.domain import ids
from afterimage.domain.clock_rule import MOST_OFF
from afterimage.domain.entities import Message, Role
from afterimage.domain.versions import Pair, pairs_in
from afterimage.ports.chats import ChatsById, MessageReader
from afterimage.use_cases.attach import Attach

_PAGE = 100  # messages; most lines have two
_NEWEST = 20  # messages, among which is the last question of a chat


@dataclass(frozen=True)
class Line:
    """A question and its versions.

    Attributes:
        is_last: whether no other question has been asked in its chat since.
        pairs: by the questions' ids.
    """

    is_last: bool
    pairs: list[Pair]


class ReadLine:
    """Reads lines, strongly consistent."""

    def __init__(self, messages: MessageReader, chats: ChatsById, attach: Attach) -> None:
        self._messages = messages
        self._chats = chats
        self._attach = attach

    def __call__(self, user_id: str, chat_id: str, line: str) -> Line:
        """The line, its questions with their attachments; without pairs where there is none."""
        is_last = self.last(user_id, chat_id) == line
        found = [*self.messages(user_id, chat_id, line)]
        return Line(is_last, pairs_in(self._attach(user_id, found), line))

    def last(self, user_id: str, chat_id: str) -> str | None:
        """Id of a chat's last line; None where there is no chat, or nothing in it."""
        chats = self._chats.chats(user_id, [chat_id])
        if not chats:
            return None
        return chats[0].last_line or self._newest(user_id, chat_id)

    def _newest(self, user_id: str, chat_id: str) -> str | None:
        """Of a chat in which nothing has been asked since its row names its last line."""
        newest = self._messages.before(user_id, chat_id, None, _NEWEST)
        return next((message.line for message in newest if message.role is Role.USER), None)

    def messages(self, user_id: str, chat_id: str, line: str) -> Iterator[Message]:
        """All messages of a line, by their ids.

        A version is asked before the next line begins. Its id is made by its client, whose clock
        may be as far off as the clock rule lets it be, to either side.
        """
        first = ids.time_of(line)
        until: datetime | None = None
        for message in self._from(user_id, chat_id, ids.earliest(first - 2 * MOST_OFF)):
            if message.line == line:
                yield message
            elif message.created_at > first + MOST_OFF:
                until = min(until or message.created_at, message.created_at)
            if until is not None and ids.time_of(message.id) > until + MOST_OFF:
                return

    def _from(self, user_id: str, chat_id: str, start: str) -> Iterator[Message]:
        while page := self._messages.starting(user_id, chat_id, start, _PAGE):
            yield from page
            if len(page) < _PAGE:
                return
            start = ids.after(page[-1].id)
