"""A picture is deleted: gone from gallery and chat at once, its files soon after.

The message that showed it stays, and says so. A link to it ends with it.
"""

from __future__ import annotations

from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    RemoveImage,
    ReplaceMessage,
    Transition,
)
from afterimage.domain.deletions import of_picture
from afterimage.domain.events import Event, ImageDeleted, MessageUpdated
from afterimage.domain.images import Image
from afterimage.ports.shares import ShareTokens
from afterimage.ports.system import Clock
from afterimage.use_cases.end_share import share_of
from afterimage.use_cases.picture_changes import ChangePicture, shows


class DeleteImage:
    def __init__(self, change: ChangePicture, tokens: ShareTokens, clock: Clock) -> None:
        self._change = change
        self._tokens = tokens
        self._clock = clock

    def __call__(self, user_id: str, image_id: str) -> None:
        """Mark it, tell everybody, and have it finished; nothing happens if it is not there.

        Raises:
            Busy: its message kept moving.
        """

        def mark(image: Image) -> Transition:
            deletion = of_picture(image, self._clock.now())
            changes: list[Change] = [RemoveImage(image.id, image.share), BeginDeletion(deletion)]
            changes += share_of(image, self._tokens, user_id, self._clock)
            events: list[Event] = [ImageDeleted(image.id)]
            message = self._change.message_of(user_id, image)
            if message is not None and shows(message, image):
                without = message.without_image(image.id)
                changes.append(ReplaceMessage(without, message.version))
                events.append(MessageUpdated(without))
            return Transition(tuple(changes), tuple(events))

        self._change(user_id, image_id, mark, "image_deleted")
