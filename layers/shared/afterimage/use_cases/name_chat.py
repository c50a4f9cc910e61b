"""A model says what a chat is called, in place of its first words; every tab hears of it.

What a person wrote is never replaced, also not one that is written at the same moment: the chat is
read behind the channel, whose `seq` every change of a title moves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import NameChat as Named
from afterimage.domain.changes import Transition
from afterimage.domain.channels import Channel
from afterimage.domain.chats import TITLE_LENGTH, TitleOrigin
from afterimage.domain.errors import Refused
from afterimage.domain.events import ChatUpdated
from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ChatsById
from afterimage.ports.system import Log, Metrics


class _HasName(Exception):
    """Or there is no such chat any more."""


class NameChat:
    def __init__(
        self, channel: UnifiedChannel, chats: ChatsById, log: Log, metrics: Metrics
    ) -> None:
        self._channel = channel
        self._chats = chats
        self._log = log
        self._metrics = metrics

    def __call__(self, user_id: str, chat_id: str, title: str, instead_of: Collection[str]) -> None:
        """Nothing happens where the chat has a title or is gone. Raises nothing: the answer has
        ended, and a chat may keep its first words.

        Args:
            instead_of: texts, with the beginning of one of which the chat was titled.
        """
        words = {text[:TITLE_LENGTH] for text in instead_of}

        def naming(channel: Channel) -> Transition:
            found = self._chats.chats(channel.user_id, [chat_id])
            chat = next(iter(found), None)
            # A function of the release before writes a title, and not whose it is.
            if chat is None or chat.title_origin is not TitleOrigin.TEXT or chat.title not in words:
                raise _HasName
            named = replace(chat, title=title, title_origin=TitleOrigin.MODEL)
            return Transition((Named(chat_id, title),), (ChatUpdated(named),))

        try:
            self._channel.deliver(self._channel.change(user_id, naming))
        except (_HasName, ConditionsFailed, Refused) as why:
            self._log.info("chat_not_named", chat_id=chat_id, reason=type(why).__name__)
        except Exception:  # noqa: BLE001 - as above
            self._log.exception("chat_not_named", chat_id=chat_id)
            self._metrics.add(Metric.DEFECTS)
