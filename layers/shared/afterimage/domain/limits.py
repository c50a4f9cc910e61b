"""What one user may do, and how long an answer may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# A picture that has waited so long for its turn ends, and costs nothing.
LONGEST_WAIT = timedelta(minutes=30)
# Pictures of one wish.
MOST_PICTURES = 4
# How often one answer is tried, the first time included.
MOST_TRIES = 5
# Links that one user makes in a UTC day: each costs a path at the edge when it ends.
MOST_SHARED_A_DAY = 50
# Chats that stand before the others.
MOST_PINNED = 50


class ModelKind(StrEnum):
    """Which model is called; each has a counter of its own."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True)
class DailyLimits:
    """What the operator allows one user in a UTC day.

    Attributes:
        daily_images: pictures.
        daily_messages: messages.
        image_calls: calls of image models that may be billed.
        text_calls: the same of text models.
    """

    daily_images: int
    daily_messages: int
    image_calls: int
    text_calls: int


@dataclass(frozen=True)
class Limits(DailyLimits):
    """All settings of the operator that bound a user.

    Attributes:
        open_messages: answers under way at the same time.
        text_deadline: by when the text model's part of an answer must have ended.
        image_deadline: the same of a picture, from the moment on when it is handed to the painter.
    """

    open_messages: int
    text_deadline: timedelta
    image_deadline: timedelta
