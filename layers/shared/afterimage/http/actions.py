"""The description of what a client may send; `afterimage.actions` takes exactly this.

A test holds both against each other. They are two because pydantic, which describes, costs the
function of the channel more at its start than all that it does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from afterimage.actions import LARGEST_SEQ, LONGEST_WAIT_MS
from afterimage.domain.ids import ULID_PATTERN
from afterimage.whole_numbers import WHOLE


class _Action(BaseModel):
    # Fields beside these are ignored: a newer client may send more.
    model_config = ConfigDict(strict=True, defer_build=True)


class Resume(_Action):
    """Registers the connection and brings it level; the first frame on every connection.

    `after` is the last `seq` that the client has; null means "from now".
    """

    action: Literal["resume"]
    after: Annotated[int, Field(ge=0, le=LARGEST_SEQ), WHOLE] | None = None


class Ping(_Action):
    """Asks where the channel is, and keeps the connection open."""

    action: Literal["ping"]


# Milliseconds.
Wait = Annotated[int, Field(ge=0, le=LONGEST_WAIT_MS), WHOLE]


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


class Visible(_Action):
    """Somebody looks at the client, or does so no more. Nothing answers.

    Who looked within the last minute is not told by Web Push as well; each ping says that it is
    still so. Said anew on each connection, which begins as one that nobody looks at.
    """

    action: Literal["visible"]
    value: bool


Action = Resume | Ping | Report | Typing | Visible
