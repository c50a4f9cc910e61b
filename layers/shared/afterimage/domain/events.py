"""What happened to a user's messages, pictures and chats.

A live event carries its row. The log keeps only a reference, so that a replay sends the row
as it is by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from afterimage.domain.chats import Chat
from afterimage.domain.images import Image
from afterimage.domain.messages import Message

EventName = Literal[
    "message-insert",
    "message-update",
    "image-insert",
    "image-update",
    "message-delete",
    "image-delete",
    "chat-update",
    "chat-delete",
]

KEPT_FOR = timedelta(hours=72)
# A transaction's items are seen one after the other, by anybody who reads them outside a
# transaction; AWS promises no bound ("read-committed"). It takes milliseconds, and seconds where
# the node that applies it dies and another takes over.
SETTLES_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True)
class MessageInserted:
    message: Message
    name: Literal["message-insert"] = "message-insert"


@dataclass(frozen=True)
class MessageUpdated:
    message: Message
    name: Literal["message-update"] = "message-update"


@dataclass(frozen=True)
class ImageInserted:
    image: Image
    name: Literal["image-insert"] = "image-insert"


@dataclass(frozen=True)
class ImageUpdated:
    image: Image
    name: Literal["image-update"] = "image-update"


@dataclass(frozen=True)
class ChatUpdated:
    chat: Chat
    name: Literal["chat-update"] = "chat-update"


@dataclass(frozen=True)
class MessageDeleted:
    chat_id: str
    message_id: str
    name: Literal["message-delete"] = "message-delete"


@dataclass(frozen=True)
class ImageDeleted:
    image_id: str
    name: Literal["image-delete"] = "image-delete"


@dataclass(frozen=True)
class ChatDeleted:
    chat_id: str
    name: Literal["chat-delete"] = "chat-delete"


Event = (
    MessageInserted
    | MessageUpdated
    | ImageInserted
    | ImageUpdated
    | ChatUpdated
    | MessageDeleted
    | ImageDeleted
    | ChatDeleted
)


@dataclass(frozen=True)
class EventReference:
    """One row of the event log: which row an event was about.

    Attributes:
        expired: older than `KEPT_FOR`, so no longer to be replayed.
        recent: younger than `SETTLES_WITHIN`: its row may not be seen yet as the event left it.
    """

    seq: int
    name: EventName
    chat_id: str | None = None
    message_id: str | None = None
    image_id: str | None = None
    expired: bool = False
    recent: bool = False

    @classmethod
    def to(cls, event: Event, seq: int) -> EventReference:
        """The reference that the log keeps of an event."""
        match event:
            case MessageInserted(message) | MessageUpdated(message):
                return cls(seq, event.name, message.chat_id, message.id)
            case ImageInserted(image) | ImageUpdated(image):
                return cls(seq, event.name, image_id=image.id)
            case ChatUpdated(chat):
                return cls(seq, event.name, chat.id)
            case MessageDeleted(chat_id, message_id):
                return cls(seq, event.name, chat_id, message_id)
            case ImageDeleted(image_id):
                return cls(seq, event.name, image_id=image_id)
            case ChatDeleted(chat_id):
                return cls(seq, event.name, chat_id)
