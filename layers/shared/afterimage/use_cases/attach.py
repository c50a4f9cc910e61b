"""The pictures that a question names, as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from afterimage.domain.images import Image
from afterimage.domain.messages import Message

if TYPE_CHECKING:
    from afterimage.ports.chats import ImagesById


class Attach:
    def __init__(self, images: ImagesById) -> None:
        self._images = images

    def __call__(self, user_id: str, messages: Sequence[Message]) -> list[Message]:
        """The same messages with their attachments; nothing is read where none names a picture."""
        wanted = ids_in(messages)
        found = self._images.images(user_id, wanted) if wanted else ()
        return [attached(message, {image.id: image for image in found}) for message in messages]


def ids_in(messages: Iterable[Message]) -> list[str]:
    """Ids of all pictures that these messages name, each once."""
    return list(dict.fromkeys(id_ for message in messages for id_ in message.image_ids))


def attached(message: Message, images: Mapping[str, Image]) -> Message:
    """The message with its attachments, by their ids."""
    if not message.image_ids:
        return message
    return replace(message, attachments=tuple(images.get(id_) for id_ in message.image_ids))
