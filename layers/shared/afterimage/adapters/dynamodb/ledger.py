"""The ledger's jobs, and what a day has counted, in DynamoDB."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import columns, counters, job_moves, rows
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.adapters.dynamodb.together import read_rows
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.limits import ModelKind
from afterimage.ports.chats import DayUse

if TYPE_CHECKING:  # with all that models are asked and answer
    from afterimage.ports.models import Cost
from afterimage.adapters.dynamodb.together import read_row

# Job ids are ULIDs, which begin with 0–7; the counters' names sort behind them.
_BEHIND_ALL_JOBS = "8"

# Rows read to find one job: uploads lie between them.
_SEEN_FOR_ONE = 3


class DynamoDbLedger:
    """Implements `JobStore`, `UsageReader`, `CallCounter` and `CostLedger`."""

    def get(self, user_id: str, job_id: str) -> Job | None:
        row = read_row(LedgerRow, user_id, job_id)
        return None if row is None or row.kind is not None else rows.job_of(row)

    def some(self, user_id: str, job_ids: Sequence[str]) -> list[Job]:
        if len(job_ids) == 1:
            job = self.get(user_id, job_ids[0])
            return [] if job is None else [job]
        return [rows.job_of(row) for row in read_rows(LedgerRow, user_id, job_ids)]

    def claim(
        self, user_id: str, job_id: str, attempt: int, now: datetime, claimed_by: str
    ) -> Job | None:
        # Two deliveries of one event have the same request id, but not the same nonce.
        row, nonce = LedgerRow(user_id, job_id), uuid.uuid4().hex
        reserved = LedgerRow.status == JobStatus.RESERVED.value
        claimed: list[Action] = [
            LedgerRow.status.set(JobStatus.RUNNING.value),
            LedgerRow.started_at.set(columns.timestamp(now)),
            LedgerRow.claimed_by.set(claimed_by),
            LedgerRow.claim_nonce.set(nonce),
        ]
        if updated(row, claimed, condition=reserved & (LedgerRow.attempt == attempt)):
            return rows.job_of(row)
        return self._claimed_already(user_id, job_id, nonce)

    def _claimed_already(self, user_id: str, job_id: str, nonce: str) -> Job | None:
        """The job if the claim was ours: the SDK repeats a request whose answer was lost."""
        row = read_row(LedgerRow, user_id, job_id)
        if row is None or row.claim_nonce != nonce:
            return None
        job = rows.job_of(row)
        return job if job.status is JobStatus.RUNNING else None

    def move(self, user_id: str, before: Job, after: Job) -> bool:
        actions = job_moves.actions(user_id, after)
        return updated(LedgerRow(user_id, before.id), actions, job_moves.still(before))

    def purged(self, user_id: str, job_id: str) -> None:
        removed: list[Action] = [LedgerRow.purge_at.remove(), LedgerRow.open.remove()]
        # Without the condition an update would leave a row where there is none any more.
        updated(LedgerRow(user_id, job_id), removed, LedgerRow.entry.exists())

    def used(self, user_id: str, day: str) -> DayUse:
        def counted(counter: str) -> int:
            row = read_row(LedgerRow, user_id, counter)
            return int(row.used or 0) if row else 0

        return DayUse(
            images=counted(f"quota#{day}"),
            messages=counted(f"messages#{day}"),
            image_calls=counted(counters.of_calls(ModelKind.IMAGE, day)),
            text_calls=counted(counters.of_calls(ModelKind.TEXT, day)),
            uploads=counted(f"uploads#{day}"),
            **self._spent(user_id, day),
        )

    def _spent(self, user_id: str, day: str) -> dict[str, int]:
        row = read_row(LedgerRow, user_id, counters.of_cost(day))
        if row is None:
            return {}
        return {"nano_usd": int(row.cost_nano_usd or 0), "text_tokens": int(row.text_tokens or 0)}

    def count_call(self, user_id: str, model: ModelKind, day: str, limit: int) -> bool:
        counter = counters.of_calls(model, day)
        return updated(LedgerRow(user_id, counter), counters.more(counter), counters.room(limit))

    def return_call(self, user_id: str, model: ModelKind, day: str) -> None:
        # The SDK repeats a request whose answer was lost; what was given back once stays so.
        nonce = uuid.uuid4().hex
        returned: list[Action] = [LedgerRow.used.add(-1), LedgerRow.claim_nonce.set(nonce)]
        other = LedgerRow.claim_nonce.does_not_exist() | (LedgerRow.claim_nonce != nonce)
        row = LedgerRow(user_id, counters.of_calls(model, day))
        updated(row, returned, (LedgerRow.used > 0) & other)

    def note_cost(self, cost: Cost) -> None:
        # The SDK repeats a request whose answer was lost; what was noted once stays so.
        other = LedgerRow.cost_nonce.does_not_exist() | (LedgerRow.cost_nonce != cost.nonce)
        noted: list[Action] = [
            LedgerRow.cost_nano_usd.add(cost.nano_usd),
            LedgerRow.cost_nonce.set(cost.nonce),
        ]
        if cost.job_id is not None:
            # Without the condition an update would leave a row where there is none any more.
            there = LedgerRow.entry.exists() & other
            updated(LedgerRow(cost.user_id, cost.job_id), noted, there)
        if cost.kind is ModelKind.TEXT:
            noted.append(LedgerRow.text_tokens.add(cost.tokens))
        noted.append(LedgerRow.expires_at.set(rows.counter_expires_at(cost.day)))
        updated(LedgerRow(cost.user_id, counters.of_cost(cost.day)), noted, other)

    def recent_jobs(self, user_id: str, limit: int) -> list[Job]:
        found = LedgerRow.query(
            user_id,
            LedgerRow.entry < _BEHIND_ALL_JOBS,
            scan_index_forward=False,
            limit=_SEEN_FOR_ONE * limit,
        )
        jobs = [rows.job_of(row) for row in found if row.kind is None]
        return jobs[:limit]
