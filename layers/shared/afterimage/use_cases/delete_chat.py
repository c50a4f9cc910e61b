"""A chat is deleted: refused, unreadable and unlisted at once, its rows and files soon after."""

from __future__ import annotations

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import BeginDeletion, CloseChat, Transition, UnpinChat
from afterimage.domain.channels import Channel
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.events import ChatDeleted
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ChatReader
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.system import Clock, Log


class DeleteChat:
    def __init__(
        self,
        channel: UnifiedChannel,
        chats: ChatReader,
        starter: DeletionStarter,
        clock: Clock,
        log: Log,
    ) -> None:
        self._channel = channel
        self._chats = chats
        self._starter = starter
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, chat_id: str) -> None:
        """Mark it, tell everybody, and have it finished; nothing happens if it is not there.

        From the mark on no transaction but the deletion's own changes anything in the chat.
        """
        deletion = Deletion.now(DeletionKind.CHAT, chat_id, self._clock.now())

        def mark(channel: Channel) -> Transition:
            chat = self._chats.get(channel.user_id, chat_id)
            unpinned = (UnpinChat(chat_id),) if chat is not None and chat.pinned else ()
            changes = CloseChat(chat_id), BeginDeletion(deletion), *unpinned
            return Transition(changes, (ChatDeleted(chat_id),))

        try:
            delivery = self._channel.change(user_id, mark)
        except ConditionsFailed:
            return
        self._log.info("chat_deleted", chat_id=chat_id)
        self._channel.deliver(delivery)
        self._starter.start(user_id, deletion)
