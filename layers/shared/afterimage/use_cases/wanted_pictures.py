"""What is to be ordered of an answer's pictures, and how much of it the day has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from afterimage.domain import quota
from afterimage.domain.changes import CountCall, CountMessage, ReserveImage
from afterimage.domain.errors import (
    CallsUsedUp,
    Failure,
    MessageLimit,
    ProviderLimit,
    QuotaExceeded,
)
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.jobs import Job
from afterimage.domain.metrics import Metric
from afterimage.domain.slots import Slot
from afterimage.ports.channel import ConditionsFailed


@dataclass(frozen=True)
class Wanted:
    """What is to be ordered.

    Attributes:
        parts: the model's own parts, as JSON.
        jobs: one for each picture.
        fits: how many of them the day has room for, as far as is known.
        lacking: why the others do not fit.
    """

    parts: str
    jobs: Sequence[Job]
    fits: int
    lacking: Failure | None = None

    @property
    def day(self) -> str:
        """The UTC day (`YYYY-MM-DD`) that it counts for."""
        return self.jobs[0].quota_day

    @property
    def refused(self) -> Metric:
        """What the pictures that do not fit are counted as."""
        is_call = isinstance(self.lacking, CallsUsedUp)
        return Metric.REFUSED_CALLS if is_call else Metric.REFUSED_PICTURES

    def left_empty(self) -> dict[int, Slot]:
        """The slots of what does not fit, by their places."""
        if self.lacking is None:
            return {}
        note = FailureNote.of(self.lacking, self.jobs[0].created_at)
        return {job.slot: Slot.unordered(job.id, note) for job in self.jobs[self.fits :]}

    def fewer(
        self, failed: ConditionsFailed, *, is_again: bool = False, is_new: bool = False
    ) -> Wanted:
        """As many as are left.

        Args:
            is_again: it is another try, which is refused where there is no message or call left.
            is_new: it is not stored yet, and is refused where there is no call left.

        Raises:
            MessageLimit, ProviderLimit: it is refused.
        """
        wait = quota.seconds_to_reset(self.jobs[0].created_at)
        if is_again and failed.includes(CountMessage):
            raise MessageLimit(retry_after=wait) from failed
        if (is_again or is_new) and any(
            isinstance(one, CountCall) and used >= one.limit for one, used in failed.counted.items()
        ):
            raise ProviderLimit(retry_after=wait) from failed
        each = self.jobs[0].pictures  # of the day's limit; a call is one call
        left = [
            (one.limit - used) // (each if isinstance(one, ReserveImage) else 1)
            for one, used in failed.counted.items()
        ]
        fits = max(0, min([self.fits - 1, *left]))
        lacks = QuotaExceeded if failed.includes(ReserveImage) else CallsUsedUp
        return replace(self, fits=fits, lacking=lacks(retry_after=wait))
