"""What one user may do, and how long an answer may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# A picture that has waited so long for its turn ends, and costs nothing.
LONGEST_WAIT = timedelta(minutes=30)


@dataclass(frozen=True)
class Limits:
    """Settings of the operator.

    Attributes:
        daily_images: pictures of a UTC day.
        daily_messages: messages of a UTC day.
        open_messages: answers under way at the same time.
        text_deadline: by when the text model's part of an answer must have ended.
        image_deadline: the same of a picture, from the moment on when it is handed to the painter.
    """

    daily_images: int
    daily_messages: int
    open_messages: int
    text_deadline: timedelta
    image_deadline: timedelta
