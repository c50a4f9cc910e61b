"""A picture is deleted: gone from gallery and chat at once, its files soon after.

The message that showed it stays, and says so.
"""

from __future__ import annotations

from datetime import datetime

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    RemoveImage,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.deletions import AtEdge, Deletion, DeletionKind
from afterimage.domain.entities import Image, Message
from afterimage.domain.errors import Busy
from afterimage.domain.events import Event, ImageDeleted, MessageUpdated
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ImageReader, MessageReader
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.system import Clock, Log

# Its message may be changing, or its chat be deleted, while we look.
_TRIES = 4


class DeleteImage:
    def __init__(
        self,
        channel: UnifiedChannel,
        images: ImageReader,
        messages: MessageReader,
        starter: DeletionStarter,
        clock: Clock,
        log: Log,
    ) -> None:
        self._channel = channel
        self._images = images
        self._messages = messages
        self._starter = starter
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, image_id: str) -> None:
        """Mark it, tell everybody, and have it finished; nothing happens if it is not there."""
        for _ in range(_TRIES):
            image = self._images.get(user_id, image_id)
            if image is None:
                return
            deletion = _deletion_of(image, self._clock.now())
            try:
                delivery = self._channel.change(user_id, self._mark(user_id, image, deletion))
            except ConditionsFailed:
                continue
            self._log.info("image_deleted", image_id=image.id)
            self._channel.deliver(delivery)
            self._starter.start(user_id, deletion)
            return
        raise Busy("the picture's message kept moving")

    def _mark(self, user_id: str, image: Image, deletion: Deletion) -> Transition:
        changes: list[Change] = [RemoveImage(image.id), BeginDeletion(deletion)]
        events: list[Event] = [ImageDeleted(image.id)]
        message = self._message_of(user_id, image)
        if message is not None and any(one.id == image.id for one in message.images):
            without = message.without_image(image.id)
            changes.append(ReplaceMessage(without, message.version))
            events.append(MessageUpdated(without))
        return Transition(tuple(changes), tuple(events))

    def _message_of(self, user_id: str, image: Image) -> Message | None:
        """The answer that it was painted for, if it was."""
        if image.chat_id is None or image.message_id is None:
            return None
        return self._messages.get(user_id, image.chat_id, image.message_id)


def _deletion_of(image: Image, now: datetime) -> Deletion:
    at_edge = AtEdge.TAGGED if image.tagged else AtEdge.UNTAGGED
    return Deletion.now(DeletionKind.IMAGE, image.id, now, at_edge)
