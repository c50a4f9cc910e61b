"""A picture is deleted: gone from gallery and chat at once, its files soon after.

The message that showed it stays, and says so. A link to it ends with it.
"""

from __future__ import annotations

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    RemoveImage,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.deletions import Deletion, of_picture
from afterimage.domain.errors import Busy
from afterimage.domain.events import Event, ImageDeleted, MessageUpdated
from afterimage.domain.images import Image
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ImageReader, MessageReader
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.shares import ShareTokens
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.end_share import share_of, start_ends
from afterimage.use_cases.picture_changes import message_of, shows

# Its message may be changing, or its chat be deleted, while we look.
_TRIES = 4


class DeleteImage:
    def __init__(
        self,
        channel: UnifiedChannel,
        images: ImageReader,
        messages: MessageReader,
        tokens: ShareTokens,
        starter: DeletionStarter,
        clock: Clock,
        log: Log,
    ) -> None:
        self._channel = channel
        self._images = images
        self._messages = messages
        self._tokens = tokens
        self._starter = starter
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, image_id: str) -> None:
        """Mark it, tell everybody, and have it finished; nothing happens if it is not there."""
        for _ in range(_TRIES):
            image = self._images.get(user_id, image_id)
            if image is None:
                return
            deletion = of_picture(image, self._clock.now())
            mark = self._mark(user_id, image, deletion)
            try:
                delivery = self._channel.change(user_id, mark)
            except ConditionsFailed:
                continue
            self._log.info("image_deleted", image_id=image.id)
            self._channel.deliver(delivery)
            self._starter.start(user_id, deletion)
            start_ends(mark, self._starter, user_id)
            return
        raise Busy("the picture's message kept moving")

    def _mark(self, user_id: str, image: Image, deletion: Deletion) -> Transition:
        changes: list[Change] = [RemoveImage(image.id, image.share), BeginDeletion(deletion)]
        changes += share_of(image, self._tokens, user_id, self._clock)
        events: list[Event] = [ImageDeleted(image.id)]
        message = message_of(self._messages, user_id, image)
        if message is not None and shows(message, image):
            without = message.without_image(image.id)
            changes.append(ReplaceMessage(without, message.version))
            events.append(MessageUpdated(without))
        return Transition(tuple(changes), tuple(events))
