"""The stock is kept: what is spent goes, what was taken and forgotten comes back, one is painted.

tidying    rows whose files are nobody's go, the files first; what is no suggestion any more, too
ordering   the picture that is missed most, if none is being painted and the day has a call left

Twice, or twice at once, is once: each move holds only from the state that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from afterimage.domain import ids, quota
from afterimage.domain.errors import Failure
from afterimage.domain.metrics import Metric
from afterimage.domain.stock import (
    SAMPLE,
    TAKEN_FOR,
    StockJob,
    StockPicture,
    StockRows,
    StockStatus,
    depth,
    ready_name,
)
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.ports.pictures import PictureStore
from afterimage.ports.stock import StockKeeping, StockOrders, StockStarter
from afterimage.ports.system import Clock, Log, Metrics

# A function claims its job within a second; one event too many is harmless.
_UNCLAIMED_FOR = timedelta(seconds=60)
# Between two looks of one sweep, while one is being painted.
_PAUSE = timedelta(seconds=2)


@dataclass(frozen=True)
class _Lack:
    """Attributes: ready: how many there are; missing: how many more there should be."""

    suggestion: Suggestion
    name: str
    ready: int
    missing: int


class KeepStock:
    """One look at the stock.

    Args:
        setting: None where what is set is not valid: then nothing is thrown away for it.
        image_deadline: by when a picture that is ordered now has been painted, or never will be.
    """

    def __init__(
        self,
        setting: Callable[[], Suggestions | None],
        stock: StockKeeping,
        orders: StockOrders,
        starter: StockStarter,
        pictures: PictureStore,
        clock: Clock,
        image_deadline: timedelta,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._setting = setting
        self._stock = stock
        self._orders = orders
        self._starter = starter
        self._pictures = pictures
        self._clock = clock
        self._image_deadline = image_deadline
        self._log = log
        self._metrics = metrics

    def __call__(self, until: datetime) -> None:
        """Look, and again while one is being painted that was ordered here: another may be missed.

        Args:
            until: when to stop looking; the next sweep goes on.
        """
        ordered = self._look(until, None)
        while ordered is not None and self._clock.now() + _PAUSE < until:
            self._clock.sleep(_PAUSE.total_seconds())
            ordered = self._look(until, ordered)

    def _look(self, until: datetime, ordered: str | None) -> str | None:
        """The picture that is being painted, if it was ordered here. Args: ordered: earlier."""
        setting, rows = self._setting(), self._stock.everything(self._clock.now())
        known = None if setting is None else {one.id for one in setting.suggestions}
        for picture in rows.pictures:
            if self._clock.now() >= until:
                return None
            self._tidy(picture, known)
        if rows.job is not None:
            self._look_at(rows.job)
            return ordered if rows.job.picture == ordered else None
        return None if setting is None else self._order(setting, rows)

    # --- Tidying ----------------------------------------------------------------------------

    def _tidy(self, picture: StockPicture, known: set[str] | None) -> None:
        try:
            if picture.status is StockStatus.SPENT:
                self._remove(picture)
            elif picture.until is not None:
                self._take_back(picture)
            elif known is not None and picture.suggestion not in known:
                spent = self._stock.spend(picture)
                if spent is not None:
                    self._remove(spent)
        except Exception:  # noqa: BLE001 - the others go; the next look tries again
            self._log.exception("keeper_stock_step_failed", picture=picture.image.id)
            self._metrics.add(Metric.DEFECTS)

    def _remove(self, spent: StockPicture) -> None:
        self._pictures.delete(ids.files_in(ids.stock_folder(spent.suggestion, spent.image.id)))
        self._stock.remove(spent)
        self._log.info("keeper_stock_removed", picture=spent.image.id)

    def _take_back(self, taken: StockPicture) -> None:
        """Nothing names the copies: the message, if there is one, has another picture."""
        now = self._clock.now()
        if taken.until is None or taken.until > now:
            return
        held = self._stock.hold(taken, (now + TAKEN_FOR).replace(microsecond=0))
        if held is None or held.folder is None:
            return  # handed over meanwhile, or another keeper's
        self._pictures.delete(ids.files_in(held.folder))
        self._stock.put_back(held)
        self._log.warning("keeper_stock_put_back", picture=held.image.id)

    # --- The one job ------------------------------------------------------------------------

    def _look_at(self, job: StockJob) -> None:
        now = self._clock.now()
        if job.status is not StockStatus.FAILED and now >= job.until:
            if self._orders.fail(job.picture, job.claimed_by):
                self._log.warning("keeper_stock_overdue", picture=job.picture)
        elif job.status is StockStatus.FAILED:
            self._pictures.delete(ids.files_in(ids.stock_folder(job.suggestion, job.picture)))
            self._orders.ended(job)
        elif job.status is StockStatus.RESERVED and now - job.ordered_at >= _UNCLAIMED_FOR:
            self._start(job)

    def _order(self, setting: Suggestions, rows: StockRows) -> str | None:
        """Id of the picture that is ordered, if one is missed and may be."""
        missed = max(
            _missing(setting, rows), key=lambda lack: (-lack.ready, lack.missing), default=None
        )
        if missed is None:
            return None
        now = self._clock.now()
        picture = str(ULID.from_datetime(now))
        job = StockJob(
            suggestion=missed.suggestion.id,
            picture=picture,
            name=missed.name or ready_name(picture),
            text=missed.suggestion.text,
            aspect_ratio=missed.suggestion.aspect_ratio,
            day=quota.day_of(now),
            ordered_at=now,
            until=(now + self._image_deadline).replace(microsecond=0),
        )
        if not self._orders.order(job, setting.pictures_a_day):
            return None
        self._log.info("keeper_stock_ordered", picture=picture, suggestion=job.suggestion)
        self._start(job)
        return picture

    def _start(self, job: StockJob) -> None:
        try:
            self._starter.start_stock(job)
        except Failure as failure:
            self._log.warning("keeper_invoke_failed", picture=job.picture, reason=str(failure))


def _missing(setting: Suggestions, rows: StockRows) -> Iterator[_Lack]:
    """What should be painted: a sample before everything else of its suggestion."""
    for one in setting.suggestions:
        own = [picture for picture in rows.pictures if picture.suggestion == one.id]
        ready = [p for p in own if p.status is StockStatus.READY and not p.is_sample]
        if not any(picture.is_sample for picture in own):
            yield _Lack(one, SAMPLE, -1, 1)
            continue
        kept = depth(rows.asked.get(one.id, 0), setting.stock_size)
        if len(ready) < kept:
            yield _Lack(one, "", len(ready), kept - len(ready))
