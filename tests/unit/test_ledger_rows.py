"""Rows of the ledger that expire, and those that never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pynamodb.models import Model
from tests.support.builders import CHAT, a_job
from tests.support.doubles import NOW

from afterimage.adapters.dynamodb.items import Put, Update
from afterimage.adapters.dynamodb.tables import LedgerRow
from afterimage.adapters.dynamodb.writes import writes_of
from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    CountCall,
    CountMessage,
    InsertJob,
    MoveJob,
    ReserveImage,
    Transition,
)
from afterimage.domain.channels import Channel
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.job_life import Move, moved
from afterimage.domain.limits import ModelKind

DAY = "2026-11-20"
JOB = a_job()


def written(change: Change) -> str:
    """What one change writes into the ledger, as text."""
    (write,) = [
        one.write
        for one in writes_of(Channel("alice"), Transition((change,), ()), NOW)
        if one.change
    ]
    assert isinstance(write, Put | Update)
    row: Model = write.row
    assert isinstance(row, LedgerRow)
    if isinstance(write, Put):
        return str(row.serialize())
    return " ".join(map(str, write.actions))


@pytest.mark.parametrize(
    "change",
    [CountMessage(DAY, 5), ReserveImage(DAY, 5), CountCall(ModelKind.TEXT, DAY, 5)],
)
def test_a_days_counter_expires_some_days_after_it(change: Change) -> None:
    """Long after the last refund of that day can have come."""
    expires_at = datetime(2026, 11, 28, tzinfo=UTC)

    assert f"expires_at = {{'N': '{int(expires_at.timestamp())}'}}" in written(change)
    assert expires_at - datetime.fromisoformat(f"{DAY}T23:59:59Z") > timedelta(days=2)


@pytest.mark.parametrize(
    "change",
    [
        InsertJob(JOB),
        MoveJob(JOB, moved(JOB, Move.CLAIM, NOW)),
        MoveJob(JOB, moved(JOB, Move.FAIL, NOW, error_code="blocked", purge_at=NOW)),
        BeginDeletion(Deletion.now(DeletionKind.CHAT, CHAT, NOW)),
    ],
)
def test_what_was_painted_and_what_is_being_deleted_never_expires(change: Change) -> None:
    assert "expires_at" not in written(change)
