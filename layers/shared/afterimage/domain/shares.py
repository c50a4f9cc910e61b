"""Links that show one picture to whoever has them.

    claimed ── its file is copied ──▶ shared ◀──┐ asked for again: it lasts longer
       │                                │  └────┘
       │ its function died              │ taken back, its time is over, or the picture is deleted
       └────────────▶ ended ◀───────────┘

Each sharing of a picture has a number of its own, and each number has a deletion (`deletions.py`)
from the claim on: at first it is due when nobody can be copying any more, then when the link ends.
So whatever a crash leaves is found. What two begin at once has two numbers, of which one is shared.

A link's *token* is made of picture and number. Nobody keeps it: what is stored, and what the file
is named by, is its SHA-256.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Share:
    """How a picture is shared.

    Attributes:
        number: which sharing of this picture it is, from 1.
        until: when it ends, in whole seconds.
        with_prompt: whether the prompt is shown beside the picture.
    """

    number: int
    until: datetime
    with_prompt: bool


@dataclass(frozen=True)
class SharedPicture:
    """All that anybody who has a link may know.

    Attributes:
        name: SHA-256 of the link's token, in hexadecimal digits.
        color: the dominant colour, `#rrggbb`.
        prompt: None if it is not shown.
    """

    name: str
    until: datetime
    width: int
    height: int
    color: str
    prompt: str | None


def is_token(text: str) -> bool:
    """Whether it is spelled as a token is: 128 bits in base64url."""
    return _TOKEN.fullmatch(text) is not None


def name_of(token: str) -> str:
    """What a token is stored as."""
    return hashlib.sha256(token.encode()).hexdigest()


def shared_key(name: str) -> str:
    """S3 key of the file that is shown, which is a copy."""
    return f"shared/{name}.webp"


def subject_of(image_id: str, number: int) -> str:
    """Names a sharing among the subjects of deletions."""
    return f"{image_id}.{number}"


def image_and_number(subject: str) -> tuple[str, int]:
    """What `subject_of` was made of."""
    image_id, _, number = subject.partition(".")
    return image_id, int(number)
