"""A chat, as a plain immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TITLE_LENGTH = 80


class TitleOrigin(StrEnum):
    """Whose words a chat's title is: the first of its first message, a model's, or a person's."""

    TEXT = "text"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True)
class Chat:
    """A conversation.

    Attributes:
        pinned: whether it stands before the others, whenever it last changed.
        last_line: id of the line that was begun last; None where none has been since lines are
            counted.
    """

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    pinned: bool = False
    title_origin: TitleOrigin = TitleOrigin.TEXT
    last_line: str | None = None
