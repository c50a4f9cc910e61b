"""A person goes back to another version of the last question: that one stands from now on."""

from __future__ import annotations

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import CheckLastLine, Transition
from afterimage.domain.errors import Busy, NotFound, NotLast
from afterimage.domain.messages import Role
from afterimage.domain.versions import Pair, displaced, made_to_stand, standing
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Log
from afterimage.use_cases.read_line import ReadLine

# Its messages may be changing, or something be asked, while we look.
_TRIES = 4


class ChooseVersion:
    def __init__(
        self, channel: UnifiedChannel, messages: MessageReader, lines: ReadLine, log: Log
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._lines = lines
        self._log = log

    def __call__(self, user_id: str, chat_id: str, message_id: str) -> Pair:
        """The pair of this question, which stands from now on; nothing changes if it does already.

        Raises:
            NotFound: there is no such question.
            NotLast: it is not of the chat's last line.
            Busy: its messages kept moving.
        """
        refusal: ConditionsFailed | None = None
        for _ in range(_TRIES):
            chosen, now = self._found(user_id, chat_id, message_id)
            if chosen.stands:
                return chosen
            (changes, events), stands = made_to_stand(chosen, instead_of=now.question.id)
            others = displaced(now)
            check = CheckLastLine(chat_id, chosen.question.line)
            # What stands is told first: at no time does nothing of the line stand.
            wanted = Transition((*changes, *others[0], check), (*events, *others[1]))
            try:
                delivery = self._channel.change(user_id, wanted)
            except ConditionsFailed as failed:
                refusal = failed
                continue
            self._log.info("version_chosen", message_id=message_id)
            self._channel.deliver(delivery)
            return stands
        raise Busy("the versions kept moving") from refusal

    def _found(self, user_id: str, chat_id: str, message_id: str) -> tuple[Pair, Pair]:
        """The pair that is chosen, and the one that stands."""
        if not ids.is_chat_id(chat_id) or not ids.is_ulid(message_id):
            raise NotFound
        self._log.about(message_id=message_id)
        named = self._messages.get(user_id, chat_id, message_id)
        if named is None or named.role is not Role.USER:
            raise NotFound
        line = self._lines(user_id, chat_id, named.line)
        chosen = next((pair for pair in line.pairs if pair.question.id == message_id), None)
        now = standing(line.pairs)
        if chosen is None or now is None or not line.is_last:
            raise NotLast
        return chosen, now
