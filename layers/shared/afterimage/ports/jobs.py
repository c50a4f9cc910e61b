"""What moves a picture's job, and has it run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from afterimage.domain.jobs import Job


class JobStore(Protocol):
    def get(self, user_id: str, job_id: str) -> Job | None:
        """Strongly consistent."""

    def some(self, user_id: str, job_ids: Sequence[str]) -> Sequence[Job]:
        """Those that are there of these, strongly consistent, in one round trip."""

    def claim(
        self, user_id: str, job_id: str, attempt: int, now: datetime, claimed_by: str
    ) -> Job | None:
        """Move a reserved job to running; None if it is not `reserved` at this attempt.

        Args:
            claimed_by: request id of the invocation.
        """

    def move(self, user_id: str, before: Job, after: Job) -> bool:
        """Apply a move that no client sees; False if the job has moved meanwhile."""

    def purged(self, user_id: str, job_id: str) -> None:
        """Note that nothing the job uploaded is left."""


class ImageStarter(Protocol):
    def start(self, user_id: str, job: Job) -> None:
        """Ask for a job to be run at its attempt, without waiting for it.

        Raises:
            ProviderUnavailable: it could not be asked for.
        """
