"""A chat gets another title, is pinned or unpinned; every tab hears of it."""

from __future__ import annotations

from dataclasses import replace

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids
from afterimage.domain.changes import Change, PinChat, Transition, UnpinChat
from afterimage.domain.changes import EditChat as Edited
from afterimage.domain.channels import Channel
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.errors import NotFound, PinLimit
from afterimage.domain.events import ChatUpdated
from afterimage.domain.limits import MOST_PINNED
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ChatReader


class EditChat:
    def __init__(self, channel: UnifiedChannel, chats: ChatReader) -> None:
        self._channel = channel
        self._chats = chats

    def __call__(
        self, user_id: str, chat_id: str, title: str | None = None, pinned: bool | None = None
    ) -> Chat:
        """The chat as it is then; what is None stays. Raises: NotFound, PinLimit."""
        if not ids.is_chat_id(chat_id):
            raise NotFound

        def edit(channel: Channel) -> Transition:
            # Read behind the channel: whoever changes it meanwhile moves `seq`, too.
            chat = self._chats.get(channel.user_id, chat_id)
            if chat is None:
                raise NotFound
            changes: list[Change] = [Edited(chat_id, title, pinned)]
            if pinned is not None and pinned is not chat.pinned:
                changes.append(PinChat(chat_id, MOST_PINNED) if pinned else UnpinChat(chat_id))
            return Transition(tuple(changes), (ChatUpdated(_edited(chat, title, pinned)),))

        try:
            delivery = self._channel.change(user_id, edit)
        except ConditionsFailed as refused:
            raise (PinLimit if refused.includes(PinChat) else NotFound) from refused
        self._channel.deliver(delivery)
        (told,) = (event for event in delivery.transition.events if isinstance(event, ChatUpdated))
        return told.chat


def _edited(chat: Chat, title: str | None, pinned: bool | None) -> Chat:
    if title is not None:
        chat = replace(chat, title=title, title_origin=TitleOrigin.PERSON)
    return chat if pinned is None else replace(chat, pinned=pinned)
