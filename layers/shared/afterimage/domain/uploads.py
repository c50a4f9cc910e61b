"""The life of a picture that somebody brings.

    running ── stored ──▶ succeeded
       │
       ├── it is no picture ───────────────▶ failed (`invalid`), and is not looked at again
       └── its function died: the sweep ───▶ failed (`timed_out`) ── brought again ──▶ running

Its row in the ledger stays when the picture is deleted, so that its id never comes back. A move is
applied under the status and the time it was decided on, so of two movers one wins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from afterimage.domain.errors import Invalid, TimedOut


class UploadStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Upload:
    """One picture on its way in, under the id that it will have.

    Attributes:
        sha256: of the bytes as they came, in hexadecimal digits.
        quota_day: the UTC day (`YYYY-MM-DD`) that it counts for.
        claimed_by: nonce of the request that stores it.
        purge_at: from when on nobody can be storing it any more, so that what there is of it is
            removed; None once it is there, or once nothing is.
    """

    id: str
    sha256: str
    quota_day: str
    created_at: datetime
    claimed_by: str
    status: UploadStatus = UploadStatus.RUNNING
    ended_at: datetime | None = None
    error_code: str | None = None
    purge_at: datetime | None = None

    @property
    def may_be_brought_again(self) -> bool:
        """Whether its function died, and nothing of it is left."""
        died = self.status is UploadStatus.FAILED and self.error_code == TimedOut.code
        return died and self.purge_at is None

    def succeeded(self, now: datetime) -> Upload:
        """The same once the picture is there."""
        return replace(self, status=UploadStatus.SUCCEEDED, ended_at=now, purge_at=None)

    def refused(self, now: datetime) -> Upload:
        """The same once it has turned out to be no picture."""
        failed = replace(self, status=UploadStatus.FAILED, error_code=Invalid.code)
        return replace(failed, ended_at=now, purge_at=None)

    def died(self, now: datetime) -> Upload:
        """The same once its time is over; what there is of it is still to be removed."""
        failed = replace(self, status=UploadStatus.FAILED, error_code=TimedOut.code)
        return replace(failed, ended_at=now)

    def again(self, claimed_by: str, purge_at: datetime) -> Upload:
        """The same, brought once more."""
        running = replace(self, status=UploadStatus.RUNNING, claimed_by=claimed_by)
        return replace(running, ended_at=None, error_code=None, purge_at=purge_at)
