"""Between domain objects and their rows, messages excepted (`message_rows.py`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition

from afterimage.adapters.dynamodb import slots
from afterimage.adapters.dynamodb.columns import (
    epoch,
    from_epoch,
    open_partition,
    size_of,
    time_of,
    timestamp,
)
from afterimage.adapters.dynamodb.tables import (
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
)
from afterimage.domain import image_sizes
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.deletions import AtEdge, Deletion, kind_and_subject
from afterimage.domain.events import KEPT_FOR, SETTLES_WITHIN, EventReference
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.shares import Share

# From the beginning of their day.
_COUNTERS_KEPT = timedelta(days=8)


def image_row(user_id: str, image: Image) -> ImageRow:
    return ImageRow(user_id, image.id, image=slots.stored_image(image))


def image_of(row: ImageRow) -> Image:
    image = slots.image_of(row.image)
    return replace(image, share=_share_of(row), shares_begun=int(row.shares_begun or 0))


def _share_of(row: ImageRow) -> Share | None:
    if row.share_number is None or row.shared_until is None:
        return None
    until = datetime.fromtimestamp(row.shared_until, UTC)
    return Share(int(row.share_number), until, bool(row.share_prompt))


def chat_of(row: ChatRow) -> Chat:
    return Chat(
        row.chat_id,
        row.title,
        time_of(row.created_at),
        time_of(row.updated_at),
        pinned=bool(row.pinned),
        title_origin=TitleOrigin(row.title_origin or TitleOrigin.TEXT),
        last_line=row.last_line,
    )


def job_row(user_id: str, job: Job) -> LedgerRow:
    return LedgerRow(
        user_id,
        job.id,
        chat_id=job.chat_id,
        message_id=job.message_id,
        slot=job.slot,
        prompt=job.prompt,
        aspect_ratio=job.aspect_ratio,
        source_image_ids=list(job.source_image_ids) or None,
        image_size=job.image_size,
        pictures=job.pictures,
        counts=dict(job.counts) or None,
        quota_day=job.quota_day,
        model=job.model,
        created_at=timestamp(job.created_at),
        status=job.status.value,
        attempt=job.attempt,
    )


def job_of(row: LedgerRow) -> Job:
    return Job(
        id=row.entry,
        chat_id=row.chat_id or "",
        message_id=row.message_id or "",
        slot=int(row.slot or 0),
        prompt=row.prompt or "",
        aspect_ratio=row.aspect_ratio,
        source_image_ids=tuple(row.source_image_ids or ()),
        image_size=size_of(row.image_size) or image_sizes.DEFAULT,
        pictures=int(row.pictures or 1),
        counts=row.counts or {},
        quota_day=row.quota_day or "",
        model=row.model or "",
        created_at=time_of(row.created_at or ""),
        status=JobStatus(row.status or ""),
        attempt=int(row.attempt or 0),
        turn_at=time_of(row.turn_at) if row.turn_at else None,
        claimed_by=row.claimed_by,
        started_at=time_of(row.started_at) if row.started_at else None,
        ended_at=time_of(row.ended_at) if row.ended_at else None,
        price_usd=row.price_usd,
        error_code=row.error_code,
        purge_at=from_epoch(row.purge_at),
        cost_nano_usd=int(row.cost_nano_usd or 0),
    )


def deletion_row(user_id: str, deletion: Deletion) -> LedgerRow:
    return LedgerRow(
        user_id,
        deletion.name,
        created_at=timestamp(deletion.begun_at),
        purge_at=deletion.due_at.timestamp(),
        at_edge=deletion.at_edge.value,
        open=open_partition(user_id),
    )


def deletion_of(row: LedgerRow) -> Deletion:
    kind, subject = kind_and_subject(row.entry)
    due_at = datetime.fromtimestamp(row.purge_at or 0, UTC)
    at_edge = AtEdge(row.at_edge) if row.at_edge else AtEdge.UNTAGGED
    return Deletion(kind, subject, time_of(row.created_at or ""), due_at, at_edge)


def is_refused(counter: ChannelRow, now: datetime) -> bool:
    """Whether a counter row is a deleted account's, which is refused until the row expires.

    DynamoDB removes it only some time later, up to days (Developer Guide, "Time to Live").
    """
    if counter.deleted_at is None:
        return False
    return counter.expires_at is None or now.timestamp() < counter.expires_at


def refuses_nobody(now: datetime) -> Condition:
    """That the counter row, if there is one, is not a deleted account's: `is_refused`, negated."""
    nobody: Condition = ChannelRow.deleted_at.does_not_exist() | (
        ChannelRow.expires_at <= now.timestamp()
    )
    return nobody


def counter_expires_at(day: str) -> int:
    """When a day's counter may go: no answer of that day is open any more, and none is refunded."""
    return epoch(datetime.fromisoformat(day).replace(tzinfo=UTC) + _COUNTERS_KEPT)


def event_row(user_id: str, reference: EventReference, now: datetime) -> EventRow:
    return EventRow(
        user_id,
        reference.seq,
        name=reference.name,
        chat_id=reference.chat_id,
        message_id=reference.message_id,
        image_id=reference.image_id,
        created_at=timestamp(now),
        expires_at=epoch(now + KEPT_FOR),
    )


def reference_of(row: EventRow, now: datetime) -> EventReference:
    name: Any = row.name
    return EventReference(
        seq=int(row.seq),
        name=name,
        chat_id=row.chat_id,
        message_id=row.message_id,
        image_id=row.image_id,
        expired=row.expires_at <= now.timestamp(),
        recent=row.expires_at > (now + KEPT_FOR - SETTLES_WITHIN).timestamp(),
    )
