"""What belongs to a change of a picture: its message shows it, both are told, and both may move."""

from __future__ import annotations

from collections.abc import Callable

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import BeginDeletion, Change, ReplaceMessage, Transition
from afterimage.domain.errors import Busy
from afterimage.domain.events import Event, ImageUpdated, MessageUpdated
from afterimage.domain.images import Image
from afterimage.domain.messages import Message
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import ImageReader, MessageReader
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.system import Log

# Its message may be changing or its chat be deleted, or it be shared anew, while we look.
_TRIES = 4


class ChangePicture:
    """A change of a picture's row, made of the picture as it is, again where it has moved."""

    def __init__(
        self,
        channel: UnifiedChannel,
        images: ImageReader,
        messages: MessageReader,
        starter: DeletionStarter,
        log: Log,
    ) -> None:
        self._channel = channel
        self._images = images
        self._messages = messages
        self._starter = starter
        self._log = log

    def __call__(
        self,
        user_id: str,
        image_id: str,
        wanted: Callable[[Image], Transition | None],
        logged: str,
    ) -> None:
        """Commit, tell everybody, and have finished what is deleted with it.

        Nothing happens if it is not there.

        Args:
            wanted: makes the transition of the picture as it is; None if nothing is to change.
            logged: what is said of it in the log.

        Raises:
            Busy: it kept moving.
        """
        for _ in range(_TRIES):
            image = self._images.get(user_id, image_id)
            if image is None:
                return
            if (transition := wanted(image)) is None:
                return
            try:
                delivery = self._channel.change(user_id, transition)
            except ConditionsFailed:
                continue
            self._log.info(logged, image_id=image_id)
            self._channel.deliver(delivery)
            for change in transition.changes:
                if isinstance(change, BeginDeletion):
                    self._starter.start(user_id, change.deletion)
            return
        raise Busy("the picture kept moving")

    def message_of(self, user_id: str, image: Image) -> Message | None:
        """As `message_of` below."""
        return message_of(self._messages, user_id, image)


def message_of(messages: MessageReader, user_id: str, image: Image) -> Message | None:
    """The answer that it was painted for, if it was, and if that is there."""
    if image.chat_id is None or image.message_id is None:
        return None
    return messages.get(user_id, image.chat_id, image.message_id)


def shows(message: Message, image: Image) -> bool:
    """Whether it is among the message's pictures."""
    return any(one.id == image.id for one in message.images)


def with_picture(changes: tuple[Change, ...], image: Image, message: Message | None) -> Transition:
    """Changes of a picture's row, and with them what its message holds of it.

    Args:
        image: as it is then.
    """
    events: tuple[Event, ...] = (ImageUpdated(image),)
    if message is None or not shows(message, image):
        return Transition(changes, events)
    shown = message.with_images([image])
    changes += (ReplaceMessage(shown, message.version),)
    return Transition(changes, (*events, MessageUpdated(shown)))
