"""What the stock's painter, its keeper, and whoever hands out of it need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from afterimage.domain.limits import DailyLimits
from afterimage.domain.stock import Shelf, StockJob, StockPicture, StockRows


class StockOrders(Protocol):
    """The one job, as the keeper sees it."""

    def order(self, job: StockJob, most: int) -> bool:
        """Store a job and count its call; False if there is one, or its day has had `most`."""

    def ended(self, job: StockJob) -> None:
        """Nothing of it is left; nothing happens if it has moved meanwhile."""

    def fail(self, picture: str, claimed_by: str | None) -> bool:
        """Its painter has died, or got no picture; whether the job was still this one.

        Args:
            claimed_by: request id of the invocation; None if none can have begun.
        """


class StockJobs(Protocol):
    """The one job, as its painter sees it."""

    def claim(self, picture: str, claimed_by: str) -> StockJob | None:
        """Begin with a job; None if it is not reserved, or is another one."""

    def deliver(self, job: StockJob, painted: StockPicture) -> bool:
        """Its picture is there, and it has ended; False if it is not running any more."""

    def fail(self, picture: str, claimed_by: str | None) -> bool:
        """As `StockOrders.fail`."""


class StockStarter(Protocol):
    def start_stock(self, job: StockJob) -> None:
        """Ask for a job to be run, without waiting for it.

        Raises:
            ProviderUnavailable: it could not be asked for.
        """


class StockReader(Protocol):
    def shelf(self, suggestion: str) -> Shelf:
        """What is there of one suggestion; a moment old."""


class StockTaking(Protocol):
    """Pictures on their way to somebody."""

    def ready(self, suggestion: str) -> Sequence[StockPicture]:
        """Those that may be taken, the oldest first; strongly consistent."""

    def taken_for(self, suggestion: str, folder: str) -> StockPicture | None:
        """What was taken for this folder, whatever has become of it; strongly consistent."""

    def take(self, picture: StockPicture, folder: str, until: datetime) -> StockPicture | None:
        """Take one that is ready, or take longer one that is taken; None if it has moved on, or
        another one is taken for this folder."""

    def give_up(self, taken: StockPicture, now: datetime) -> None:
        """It is not handed over: the keeper may see to it at once."""

    def asked(self, suggestion: str, now: datetime) -> None:
        """Somebody has asked it."""


class StockKeeping(Protocol):
    """What the keeper finds and removes."""

    def everything(self, now: datetime) -> StockRows:
        """All rows, strongly consistent."""

    def hold(self, taken: StockPicture, until: datetime) -> StockPicture | None:
        """Take a picture from whoever has taken it; None if it has moved on."""

    def put_back(self, held: StockPicture) -> bool:
        """It is ready again; False if it has moved on."""

    def spend(self, picture: StockPicture) -> StockPicture | None:
        """It is handed out to nobody any more; None if it has moved on."""

    def remove(self, spent: StockPicture) -> None:
        """Nothing of it is left."""


class FirstQuestions(Protocol):
    def may_take(self, user_id: str, chat_id: str, day: str, limits: DailyLimits) -> bool:
        """Whether there is no such chat yet, and the user's day has room for a message with a
        picture; strongly consistent."""


class StockFiles(Protocol):
    def copy(self, copies: Mapping[str, str], tags: Sequence[str]) -> None:
        """Copy files side by side, by their key the key of the copy.

        What is shown gets the type, caching and tags of a user's picture.

        Raises:
            OSError: one of them could not be copied.
        """
