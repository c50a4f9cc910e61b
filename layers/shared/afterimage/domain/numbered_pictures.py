"""The pictures of a conversation, by the numbers that a text model knows them by.

A number is a picture's place in what the model is sent, from 1: it holds for that one turn. A
picture that comes again keeps its first number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from afterimage.domain.images import Image
from afterimage.domain.messages import Message

MOST_SHOWN = 6  # each costs hundreds of tokens, in every turn
_MOST_EARLIER = 2


@dataclass(frozen=True)
class NumberedPictures:
    """Those that are there.

    Attributes:
        images: in the order of their numbers.
        files: WebP of those that are shown, by their ids.
    """

    images: tuple[Image, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def numbers_of(self, images: Iterable[Image]) -> list[int]:
        """Their numbers, of those that have one."""
        places = {image.id: number for number, image in enumerate(self.images, 1)}
        return [places[image.id] for image in images if image.id in places]

    def ids_of(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The pictures behind these numbers, each once; a number that no picture has is ignored."""
        known = [self.images[n - 1].id for n in numbers if 0 < n <= len(self.images)]
        return tuple(dict.fromkeys(known))


def label(number: int) -> str:
    """How a text names a picture."""
    return f"[picture {number}]"


def of_message(message: Message) -> list[Image]:
    """What its user has named, or what was painted for it, as far as it is there."""
    return [*filter(None, message.attachments), *message.images]


def numbered(messages: Sequence[Message]) -> NumberedPictures:
    """All pictures of a conversation.

    Args:
        messages: oldest first, with their attachments.
    """
    found = {image.id: image for message in messages for image in of_message(message)}
    return NumberedPictures(tuple(found.values()))


def shown(pictures: NumberedPictures, question: Message) -> list[Image]:
    """Those that the model sees: the newest question's own, and the last two of the others."""
    own = {image.id: image for image in of_message(question)}
    earlier = [image for image in pictures.images if image.id not in own]
    return [*own.values(), *earlier[-_MOST_EARLIER:]][:MOST_SHOWN]
