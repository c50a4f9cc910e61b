"""What a client may send over the unified channel, one JSON object a frame."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afterimage.domain.ids import ULID_PATTERN
from afterimage.whole_numbers import WHOLE

LARGEST_SEQ = 2**53


class _Action(BaseModel):
    # Built at first use. Fields beside these are ignored: a newer client may send more.
    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)


class Resume(_Action):
    """Registers the connection and brings it level; the first frame on every connection.

    `after` is the last `seq` that the client has; null means "from now".
    """

    action: Literal["resume"]
    after: Annotated[int, Field(ge=0, le=LARGEST_SEQ), WHOLE] | None = None


class Ping(_Action):
    """Asks where the channel is, and keeps the connection open."""

    action: Literal["ping"]


# Milliseconds. Nothing is under way for longer than its deadline and a sweep.
Wait = Annotated[int, Field(ge=0, le=600_000), WHOLE]


class Report(_Action):
    """How long somebody waited, from sending a message to what was drawn of its answer.

    `message_id` is the answer's. What did not come is left out. Nothing answers.
    """

    action: Literal["report"]
    message_id: Annotated[str, Field(pattern=f"^{ULID_PATTERN}$")]
    placeholder_ms: Wait | None = None
    preview_ms: Wait | None = None
    picture_ms: Wait | None = None


class Typing(_Action):
    """Somebody begins to write: what a message needs is built meanwhile. Nothing answers."""

    action: Literal["typing"]


Action = Resume | Ping | Report | Typing


def parsed(body: object) -> Action | None:
    """The action in a frame's body, None if it is none."""
    if not isinstance(body, str):
        return None
    for kind in (Resume, Ping, Report, Typing):
        with suppress(ValidationError, UnicodeError):
            return kind.model_validate_json(body)
    return None
