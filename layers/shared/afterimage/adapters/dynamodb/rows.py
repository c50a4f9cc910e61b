"""Between domain objects and table rows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import slots
from afterimage.adapters.dynamodb.tables import (
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.domain import image_sizes
from afterimage.domain.chats import Chat, TitleOrigin
from afterimage.domain.deletions import AtEdge, Deletion, kind_and_subject
from afterimage.domain.events import KEPT_FOR, SETTLES_WITHIN, EventReference
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.image_sizes import ImageSize
from afterimage.domain.images import Image
from afterimage.domain.jobs import Job, JobStatus
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.shares import Share
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.keeping import OPEN_PARTITIONS

timestamp, time_of = slots.timestamp, slots.time_of

# From the beginning of their day.
_COUNTERS_KEPT = timedelta(days=8)
# What may change of a message once it is there; `open` follows from its status.
_CHANGING = (
    MessageRow.text,
    MessageRow.version,
    MessageRow.type,
    MessageRow.status,
    MessageRow.prompt,
    MessageRow.aspect_ratio,
    MessageRow.source_image_ids,
    MessageRow.image_size,
    MessageRow.image_model,
    MessageRow.pictures,
    MessageRow.slots,
    MessageRow.error,
    MessageRow.parts,
    MessageRow.tries,
    MessageRow.try_version,
    MessageRow.deadline,
    MessageRow.open,
    MessageRow.lease_until,
    MessageRow.stands,
    MessageRow.stood_before,
)
_BEFORE_SLOTS = (
    MessageRow.job_id,
    MessageRow.image,
    MessageRow.image_deleted,
    MessageRow.waiting,
    MessageRow.refunded,
)


def epoch(at: datetime) -> int:
    """Unix time in whole seconds, as DynamoDB's time-to-live wants it."""
    return int(at.timestamp())


def messages_key(user_id: str, chat_id: str) -> str:
    return f"{user_id}#{chat_id}"


def open_partition(user_id: str) -> str:
    digest = hashlib.sha256(user_id.encode()).digest()
    return partition(digest[0] % OPEN_PARTITIONS)


def partition(number: int) -> str:
    """Name of one of the index's partitions, by its number from 0."""
    return f"{number:02d}"


def message_row(user_id: str, message: Message) -> MessageRow:
    return MessageRow(
        messages_key(user_id, message.chat_id),
        message.id,
        chat_id=message.chat_id,
        role=message.role.value,
        text=message.text,
        created_at=timestamp(message.created_at),
        version=message.version,
        type=message.type.value,
        status=message.status.value,
        prompt=message.prompt,
        aspect_ratio=message.aspect_ratio,
        pictures=message.count,
        slots=[slots.stored(slot, message.prompt) for slot in message.slots] or None,
        error=slots.stored_note(message.error) if message.error else None,
        parts=message.parts,
        reply_to=message.reply_to,
        tries=message.tries,
        try_version=message.try_version,
        deadline=epoch(message.deadline) if message.deadline else None,
        open=open_partition(user_id) if message.is_open else None,
        lease_until=message.lease_until.timestamp() if message.lease_until else None,
        image_size=message.image_size,
        image_model=message.image_model,
        source_image_ids=list(message.source_image_ids) or None,
        image_ids=list(message.image_ids) or None,
        version_of=message.version_of,
        stands=None if message.stands else False,
        stood_before=message.stood_before,
    )


def message_update(user_id: str, message: Message) -> list[Action]:
    """What makes a stored message this one: what this version does not know stays as it is."""
    row = message_row(user_id, message)
    written = [(column, getattr(row, column.attr_name)) for column in _CHANGING]
    actions: list[Action] = [
        column.remove() if value is None else column.set(value) for column, value in written
    ]
    return actions + [column.remove() for column in _BEFORE_SLOTS]


def message_of(row: MessageRow) -> Message:
    error = slots.note_of(row.error) if row.error else None
    deadline = _from_epoch(row.deadline)
    return Message(
        id=row.message_id,
        chat_id=row.chat_id,
        role=Role(row.role),
        text=row.text,
        created_at=time_of(row.created_at),
        version=int(row.version),
        type=MessageType(row.type),
        status=Status(row.status),
        prompt=row.prompt,
        aspect_ratio=row.aspect_ratio,
        count=None if row.pictures is None else int(row.pictures),
        slots=_slots_of(row, error, deadline),
        error=error,
        parts=row.parts,
        reply_to=row.reply_to,
        tries=int(row.tries),
        # Of a row that does not say so nobody knows: only its own version is surely of this try.
        try_version=int(row.try_version or row.version),
        deadline=deadline,
        lease_until=_from_epoch(row.lease_until),
        image_size=_size_of(row.image_size),
        image_model=row.image_model,
        source_image_ids=tuple(row.source_image_ids or ()),
        image_ids=tuple(row.image_ids or ()),
        version_of=row.version_of,
        stands=row.stands is not False,  # what was stored before there were versions does
        stood_before=row.stood_before,
    )


def _slots_of(
    row: MessageRow, error: FailureNote | None, deadline: datetime | None
) -> tuple[Slot, ...]:
    """Its slots, or the one that a row of an earlier version stands for."""
    if row.slots is not None:
        return tuple(slots.slot_of(slot, row.prompt) for slot in row.slots)
    if row.job_id is None or row.type != MessageType.IMAGE.value:
        return ()
    status = SlotStatus.WAITING if row.waiting else SlotStatus(row.status)
    return (
        Slot(
            row.job_id,
            status,
            image=slots.image_of(row.image) if row.image else None,
            image_deleted=bool(row.image_deleted),
            error=error,
            refunded=bool(row.refunded),
            deadline=deadline,
        ),
    )


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
        image_size=_size_of(row.image_size) or image_sizes.DEFAULT,
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
        purge_at=_from_epoch(row.purge_at),
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


def _size_of(text: str | None) -> ImageSize | None:
    """A size that is known; a later version may have stored another."""
    return next((size for size in image_sizes.IMAGE_SIZES if size == text), None)


def _from_epoch(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
