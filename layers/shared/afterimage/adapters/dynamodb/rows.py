"""Between domain objects and table rows."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition

from afterimage.adapters.dynamodb.tables import (
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.domain.deletions import AtEdge, Deletion, kind_and_subject
from afterimage.domain.entities import (
    Chat,
    FailureNote,
    Image,
    Job,
    JobStatus,
    Message,
    MessageType,
    Role,
    Status,
)
from afterimage.domain.events import KEPT_FOR, SETTLES_WITHIN, EventReference
from afterimage.ports.keeping import OPEN_PARTITIONS

# From the beginning of their day.
_COUNTERS_KEPT = timedelta(days=8)
_IMAGE_FIELDS = frozenset(field.name for field in fields(Image))


def timestamp(at: datetime) -> str:
    """How a row holds a time: `2026-11-20T10:00:00.000Z`, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: str) -> datetime:
    """What `timestamp` was made of."""
    return datetime.fromisoformat(text)


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
        image=_image_json(message.image) if message.image else None,
        image_deleted=message.image_deleted,
        error=_error_json(message.error) if message.error else None,
        parts=message.parts,
        job_id=message.job_id,
        reply_to=message.reply_to,
        tries=message.tries,
        waiting=message.waiting or None,
        refunded=message.refunded or None,
        deadline=epoch(message.deadline) if message.deadline else None,
        open=open_partition(user_id) if message.is_open else None,
        lease_until=message.lease_until.timestamp() if message.lease_until else None,
    )


def message_of(row: MessageRow) -> Message:
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
        image=_image_of(row.image) if row.image else None,
        image_deleted=row.image_deleted,
        error=_error_of(row.error) if row.error else None,
        parts=row.parts,
        job_id=row.job_id,
        reply_to=row.reply_to,
        tries=int(row.tries),
        waiting=bool(row.waiting),
        refunded=bool(row.refunded),
        deadline=_from_epoch(row.deadline),
        lease_until=_from_epoch(row.lease_until),
    )


def image_row(user_id: str, image: Image) -> ImageRow:
    return ImageRow(user_id, image.id, image=_image_json(image))


def image_of(row: ImageRow) -> Image:
    return _image_of(row.image)


def chat_of(row: ChatRow) -> Chat:
    return Chat(row.chat_id, row.title, time_of(row.created_at), time_of(row.updated_at))


def job_row(user_id: str, job: Job) -> LedgerRow:
    return LedgerRow(
        user_id,
        job.id,
        chat_id=job.chat_id,
        message_id=job.message_id,
        message_version=job.message_version,
        prompt=job.prompt,
        aspect_ratio=job.aspect_ratio,
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
        message_version=int(row.message_version or 0),
        prompt=row.prompt or "",
        aspect_ratio=row.aspect_ratio or "",
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


def _image_json(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "message_id": image.message_id,
        "chat_id": image.chat_id,
        "prompt": image.prompt,
        "created_at": timestamp(image.created_at),
        "key": image.key,
        "thumbnail_key": image.thumbnail_key,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "color": image.color,
        "thumbhash": image.thumbhash,
        "tagged": image.tagged,
    }


def _image_of(stored: dict[str, Any]) -> Image:
    # A later version may have written more than this one knows, while both run.
    known = {name: value for name, value in stored.items() if name in _IMAGE_FIELDS}
    return Image(**{**known, "created_at": time_of(stored["created_at"])})


def _error_json(note: FailureNote) -> dict[str, Any]:
    retry_at = timestamp(note.retry_at) if note.retry_at else None
    return {"code": note.code, "message": note.message, "retry_at": retry_at}


def _error_of(stored: dict[str, Any]) -> FailureNote:
    retry_at = time_of(stored["retry_at"]) if stored["retry_at"] else None
    return FailureNote(stored["code"], stored["message"], retry_at)


def _from_epoch(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
