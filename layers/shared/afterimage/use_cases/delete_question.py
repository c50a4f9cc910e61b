"""A question is deleted, with its answer, all their versions, and the pictures painted for them.

The pair that stands goes first, and with it the line: from then on nobody can replace or choose
anything of it. The other versions follow, each by a transaction of its own. What a crash leaves of
them, or too little time, is found by the deletion that is noted with the first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from afterimage.domain.changes import BeginDeletion, Change, ForgetLine
from afterimage.domain.chats import TITLE_LENGTH, Chat, TitleOrigin
from afterimage.domain.deletions import Deletion, DeletionKind, line_subject
from afterimage.domain.errors import Busy, NotFound
from afterimage.domain.events import ChatUpdated, Event
from afterimage.domain.messages import Role
from afterimage.domain.versions import Pair
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.end_share import start_ends
from afterimage.use_cases.read_line import ReadLine
from afterimage.use_cases.remove_pair import RemovePair

# Its messages may be changing, or something be asked, while we look.
_TRIES = 4
# Of other versions there may be hundreds; whoever asks waits for no more of them than that.
_TIME = timedelta(seconds=5)


class DeleteQuestion:
    def __init__(
        self,
        messages: MessageReader,
        lines: ReadLine,
        remove: RemovePair,
        starter: DeletionStarter,
        clock: Clock,
        log: Log,
    ) -> None:
        self._messages = messages
        self._lines = lines
        self._remove = remove
        self._starter = starter
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, chat_id: str, message_id: str) -> None:
        """Remove its line and tell everybody; nothing happens if there is no such question.

        Raises:
            NotFound: it is an answer.
            Busy: its messages kept moving.
        """
        refusal: ConditionsFailed | None = None
        for _ in range(_TRIES):
            named = self._messages.get(user_id, chat_id, message_id)
            chat = self._lines.chat(user_id, chat_id)
            if named is None or chat is None:
                return None
            if named.role is not Role.USER:
                raise NotFound
            try:
                return self._remove_line(user_id, chat, named.line)
            except ConditionsFailed as failed:
                refusal = failed
        raise Busy("the question kept moving") from refusal

    def _remove_line(self, user_id: str, chat: Chat, line: str) -> None:
        pairs = self._lines(user_id, chat.id, line).pairs
        if not pairs:
            return
        subject = line_subject(chat.id, line)
        deletion = Deletion.now(DeletionKind.LINE, subject, self._clock.now())
        first, *others = sorted(pairs, key=lambda pair: not pair.stands)
        also, told = self._of_chat(user_id, chat, line, pairs)
        removed = [self._remove(user_id, first, (BeginDeletion(deletion), *also), told)]
        self._log.info("question_deleted", message_id=line)
        until = self._clock.now() + _TIME
        for pair in others:
            if self._clock.now() >= until:
                break
            with suppress(ConditionsFailed):  # the keeper looks again
                removed.append(self._remove(user_id, pair))
        self._starter.start(user_id, deletion)
        for unshared in filter(None, removed):
            start_ends(unshared, self._starter, user_id)

    def _of_chat(
        self, user_id: str, chat: Chat, line: str, pairs: list[Pair]
    ) -> tuple[tuple[Change, ...], tuple[Event, ...]]:
        """Its last line and its title, where they were this one and its words."""
        left = replace(chat)
        if chat.last_line in (None, line):
            left = replace(left, last_line=self._lines.newest(user_id, chat.id, but=line))
        words = {pair.question.text[:TITLE_LENGTH] for pair in pairs}
        if chat.title_origin is TitleOrigin.TEXT and chat.title in words:
            left = replace(left, title=self._lines.first_words(user_id, chat.id, but=line))
        told = (ChatUpdated(left),) if left.title != chat.title else ()
        return (ForgetLine(chat, left),), told
