"""A line of a chat as it stands: all its versions, and whether it is the chat's last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from afterimage.domain import ids
from afterimage.domain.chats import TITLE_LENGTH, Chat
from afterimage.domain.clock_rule import MOST_OFF
from afterimage.domain.messages import Message, Role
from afterimage.domain.versions import Pair, pairs_in
from afterimage.ports.chats import ChatsById, MessageReader
from afterimage.use_cases.attach import Attach

_PAGE = 100  # messages; most lines have two
_FIRST = "0" * 26  # sorts before every id


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
        chat = self.chat(user_id, chat_id)
        if chat is None:
            return None
        # In one in which nothing has been asked since chats name their last line, it is looked for.
        return chat.last_line or self.newest(user_id, chat_id)

    def chat(self, user_id: str, chat_id: str) -> Chat | None:
        """None also while it is being deleted."""
        return next(iter(self._chats.chats(user_id, [chat_id])), None)

    def newest(self, user_id: str, chat_id: str, but: str | None = None) -> str | None:
        """Id of the line of a chat's newest question, of those of other lines than `but`."""
        before: str | None = None
        while page := self._messages.before(user_id, chat_id, before, _PAGE):
            for message in page:
                if message.role is Role.USER and message.line != but:
                    return message.line
            before = page[-1].id
        return None

    def first_words(self, user_id: str, chat_id: str, but: str) -> str:
        """A chat's title by its oldest question that stands, of other lines than `but`."""
        for message in self._from(user_id, chat_id, _FIRST):
            if message.role is Role.USER and message.stands and message.line != but:
                return message.text[:TITLE_LENGTH]
        return ""

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
