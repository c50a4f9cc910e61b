"""A chat gets another title; every tab hears of it."""

from __future__ import annotations

from dataclasses import replace

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import SetTitle, Transition
from afterimage.domain.entities import Chat
from afterimage.domain.errors import NotFound
from afterimage.domain.events import ChatUpdated
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ChatReader


class RenameChat:
    def __init__(self, channel: UnifiedChannel, chats: ChatReader) -> None:
        self._channel = channel
        self._chats = chats

    def __call__(self, user_id: str, chat_id: str, title: str) -> Chat:
        """The chat as renamed. Raises: NotFound."""
        chat = self._chats.get(user_id, chat_id) if ids.is_chat_id(chat_id) else None
        if chat is None:
            raise NotFound
        renamed = replace(chat, title=title)
        transition = Transition((SetTitle(chat_id, title),), (ChatUpdated(renamed),))
        try:
            delivery = self._channel.change(user_id, transition)
        except ConditionsFailed as gone:
            raise NotFound from gone
        self._channel.deliver(delivery)
        return renamed
