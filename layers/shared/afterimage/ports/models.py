"""What answers and what paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from afterimage.domain.conversation import Turn


@dataclass(frozen=True)
class TextReply:
    text: str
    parts: str


@dataclass(frozen=True)
class ImageRequest:
    """The text model asks for a picture.

    Attributes:
        parts: the model's own parts, as JSON.
    """

    prompt: str
    aspect_ratio: str | None
    parts: str


class TextModel(Protocol):
    def reply(self, turns: Sequence[Turn], until: datetime) -> TextReply | ImageRequest:
        """Ask the model, retrying where that is allowed, at most until `until`.

        Raises:
            Failure: there is no answer; which one says why.
        """


class ImageModel(Protocol):
    def paint(
        self,
        prompt: str,
        aspect_ratio: str,
        until: datetime,
        on_draft: Callable[[bytes], None],
    ) -> bytes:
        """Ask for one picture; the encoded bytes as the model sent them.

        Args:
            on_draft: called with the encoded bytes of each draft, should the model show any
                while it paints; it returns at once and raises nothing.

        Raises:
            Failure: there is no picture; which one says why.
        """
