"""Between messages and their rows."""

from __future__ import annotations

from datetime import datetime

from pynamodb.expressions.update import Action

from afterimage.adapters.dynamodb import slots
from afterimage.adapters.dynamodb.columns import (
    epoch,
    from_epoch,
    open_partition,
    size_of,
    time_of,
    timestamp,
)
from afterimage.adapters.dynamodb.tables import MessageRow
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.messages import Message, MessageType, Role, Status
from afterimage.domain.slots import Slot, SlotStatus

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


def messages_key(user_id: str, chat_id: str) -> str:
    return f"{user_id}#{chat_id}"


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
    deadline = from_epoch(row.deadline)
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
        lease_until=from_epoch(row.lease_until),
        image_size=size_of(row.image_size),
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
