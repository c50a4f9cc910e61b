"""What belongs to a change of a picture: its message shows it, and both are told."""

from __future__ import annotations

from afterimage.domain.changes import Change, ReplaceMessage, Transition
from afterimage.domain.events import Event, ImageUpdated, MessageUpdated
from afterimage.domain.images import Image
from afterimage.domain.messages import Message
from afterimage.ports.chats import MessageReader


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
    shown = message.with_image(image)
    changes += (ReplaceMessage(shown, message.version),)
    return Transition(changes, (*events, MessageUpdated(shown)))
