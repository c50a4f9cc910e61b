"""Why an answer failed, or one of its pictures, as a plain immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from afterimage.domain.errors import Failure


@dataclass(frozen=True)
class FailureNote:
    """Why it failed, as kept in its row.

    Attributes:
        retry_at: from when on trying again makes sense.
    """

    code: str
    message: str
    retry_at: datetime | None = None

    @classmethod
    def of(cls, failure: Failure, now: datetime) -> FailureNote:
        wait = failure.retry_after
        retry_at = None if wait is None else now + timedelta(seconds=wait)
        return cls(failure.code, failure.public, retry_at)
