"""Pictures that are painted before anybody asks for them, and belong to nobody.

    job: reserved ── claim ──▶ running ── deliver ──▶ a picture, and no job
            │                     │
            └────── fail ─────────┴──▶ failed ── its files are removed ──▶ no job

    picture: ready ── take ──▶ taken ── hand over ──▶ spent ── its files are removed ──▶ gone
               ▲                 │ whoever took it has died
               └─ put back ── held: the copies are removed

There is one job at a time, in a row of its own, so that two keepers order one picture. The first
picture of a suggestion is its sample, which is shown to everybody and handed out to nobody. A row
names its files for as long as there may be any. What a picture was taken for is a folder of the
user's, derived from the message, so a repeat finds what the first request took.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afterimage.domain.images import Image

SAMPLE = "sample"
# For so long a picture is kept for whoever has taken it.
TAKEN_FOR = timedelta(minutes=1)
# In the ledgers that go by users, there is none of this name.
NOBODY = ""


class StockStatus(StrEnum):
    # Of the job.
    RESERVED = "reserved"
    RUNNING = "running"
    FAILED = "failed"
    # Of a picture.
    READY = "ready"
    TAKEN = "taken"
    HELD = "held"
    SPENT = "spent"


@dataclass(frozen=True)
class StockJob:
    """The one picture that is being painted.

    Attributes:
        suggestion: id of what it is painted for.
        picture: id that it will have, a ULID.
        name: of the row that it will have: `SAMPLE`, or its place among those that are ready.
        day: the UTC day (`YYYY-MM-DD`) that its call is counted for.
        until: by when nobody can be painting it any more; whole seconds, as of a picture.
        claimed_by: request id of the invocation that paints it.
    """

    suggestion: str
    picture: str
    name: str
    text: str
    aspect_ratio: str
    day: str
    ordered_at: datetime
    until: datetime
    status: StockStatus = StockStatus.RESERVED
    claimed_by: str | None = None


@dataclass(frozen=True)
class StockPicture:
    """A picture of the stock.

    Attributes:
        name: of its row among those of the suggestion.
        image: its files are the stock's; it has neither message nor chat.
        model: id of the model that painted it.
        cost_nano_usd: what painting it cost.
        until: while it is taken or held, by when whoever has it has handed it over or put it back.
        folder: as long, that of the copies.
    """

    suggestion: str
    name: str
    image: Image
    model: str
    cost_nano_usd: int
    status: StockStatus = StockStatus.READY
    until: datetime | None = None
    folder: str | None = None

    @property
    def is_sample(self) -> bool:
        return self.name == SAMPLE


@dataclass(frozen=True)
class Shelf:
    """What there is of one suggestion.

    Attributes:
        ready: those that may be taken, the oldest first.
    """

    sample: StockPicture | None
    ready: tuple[StockPicture, ...]


@dataclass(frozen=True)
class StockRows:
    """Everything that the keeper looks at.

    Attributes:
        job: the one under way, if there is one.
        asked: how often each suggestion was asked, today and the day before.
    """

    job: StockJob | None
    pictures: tuple[StockPicture, ...]
    asked: dict[str, int]


def depth(asked: int, stock_size: int) -> int:
    """How many pictures are kept ready of what was asked so often in two days."""
    return min(stock_size, max(1, asked))


def ready_name(picture: str) -> str:
    """Name of the row of a picture that may be taken."""
    return f"ready#{picture}"


def taken_name(folder: str) -> str:
    """Name of its row while it is taken, one for each message that it may be taken for."""
    return f"taken#{folder}"
