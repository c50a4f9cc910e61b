"""Counter, connections, tickets and the transaction that moves them, in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import (
    CancellationReason,
    DeleteError,
    TransactWriteError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from afterimage.adapters.dynamodb import job_moves, rows
from afterimage.adapters.dynamodb.tables import (
    ChannelRow,
    ChatRow,
    EventRow,
    ImageRow,
    LedgerRow,
    MessageRow,
)
from afterimage.domain import changes
from afterimage.domain.changes import Change, Transition
from afterimage.domain.entities import Channel
from afterimage.domain.errors import AccountDeleted, ConditionsFailed, LostRace
from afterimage.domain.events import EventReference
from afterimage.views import timestamp

_COUNTER, _CONNECTION, _TICKET = "seq", "connection#", "ticket#"
# API Gateway ends every connection after two hours; what is older has gone without a word.
_CONNECTION_LIFE = timedelta(hours=2)
# Reasons of a cancelled transaction that say "not now" rather than "no".
_CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
# The same, where the whole call was turned away.
_BUSY = frozenset(
    {
        "TransactionInProgressException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


@dataclass(frozen=True)
class _Put:
    row: Model
    condition: Condition


@dataclass(frozen=True)
class _Update:
    row: Model
    actions: list[Action]
    condition: Condition


class DynamoDbChannelStore:
    """Implements `ChannelStore`, `ConnectionRegistry` and `TicketStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- Reading ----------------------------------------------------------------------------

    def read(self, user_id: str) -> Channel:
        channel = Channel(user_id)
        connections: list[tuple[str, str]] = []
        # "connection#…" and "seq" sort before "ticket#…": tickets are not read.
        for row in ChannelRow.query(user_id, ChannelRow.entry < _TICKET, consistent_read=True):
            if row.entry == _COUNTER:
                channel = Channel(
                    user_id,
                    int(row.seq or 0),
                    int(row.open or 0),
                    deleted=row.deleted_at is not None,
                )
            else:
                connections.append((row.connected_at or "", row.entry[len(_CONNECTION) :]))
        oldest_first = tuple(connection for _, connection in sorted(connections))
        return Channel(user_id, channel.seq, channel.open_messages, channel.deleted, oldest_first)

    # --- The transaction --------------------------------------------------------------------

    def commit(self, channel: Channel, transition: Transition, now: datetime) -> None:
        puts: list[tuple[Change | None, _Put]] = []
        updates: list[tuple[Change | None, _Update]] = [
            (None, _counter_update(channel, transition))
        ]
        for change in transition.changes:
            write = _write(channel.user_id, change)
            if isinstance(write, _Put):
                puts.append((change, write))
            else:
                updates.append((change, write))
        puts.extend((None, put) for put in _event_puts(channel, transition, now))
        try:
            self._send([put for _, put in puts], [update for _, update in updates])
        except TransactWriteError as error:
            # Reasons come in the order of the items, and PynamoDB sends puts before updates.
            asked = [change for change, _ in puts] + [change for change, _ in updates]
            raise _why_cancelled(error, asked, counter_at=len(puts)) from error

    def _send(self, puts: Sequence[_Put], updates: Sequence[_Update]) -> None:
        with TransactWrite(connection=self._connection) as transaction:
            for put in puts:
                transaction.save(put.row, condition=put.condition)
            for update in updates:
                transaction.update(
                    update.row,
                    actions=update.actions,
                    condition=update.condition,
                    return_values="ALL_OLD",
                )

    # --- Connections ------------------------------------------------------------------------

    def register(self, user_id: str, connection_id: str, now: datetime) -> None:
        ChannelRow(
            user_id,
            _CONNECTION + connection_id,
            connected_at=timestamp(now),
            expires_at=rows.epoch(now + _CONNECTION_LIFE),
        ).save()

    def forget(self, user_id: str, connection_id: str) -> None:
        ChannelRow(user_id, _CONNECTION + connection_id).delete()

    # --- Tickets ----------------------------------------------------------------------------

    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        ChannelRow(user_id, _TICKET + digest, expires_at=rows.epoch(expires_at)).save()

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        try:
            ChannelRow(user_id, _TICKET + digest).delete(
                condition=ChannelRow.expires_at > rows.epoch(now)
            )
        except DeleteError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _counter_update(channel: Channel, transition: Transition) -> _Update:
    seq = channel.seq + len(transition.events)
    actions: list[Action] = [ChannelRow.seq.set(seq)]
    if transition.opens:
        actions.append(ChannelRow.open.set(channel.open_messages + transition.opens))
    as_read = ChannelRow.seq == channel.seq if channel.seq else ChannelRow.seq.does_not_exist()
    return _Update(
        ChannelRow(channel.user_id, _COUNTER),
        actions,
        as_read & ChannelRow.deleted_at.does_not_exist(),
    )


def _event_puts(channel: Channel, transition: Transition, now: datetime) -> list[_Put]:
    return [
        _Put(
            rows.event_row(channel.user_id, EventReference.to(event, channel.seq + number), now),
            EventRow.seq.does_not_exist(),
        )
        for number, event in enumerate(transition.events, start=1)
    ]


def _write(user_id: str, change: Change) -> _Put | _Update:  # noqa: C901 - one case a change
    match change:
        case changes.InsertMessage(message):
            return _Put(rows.message_row(user_id, message), MessageRow.message_id.does_not_exist())
        case changes.ReplaceMessage(message, read_version):
            return _Put(rows.message_row(user_id, message), MessageRow.version == read_version)
        case changes.TouchChat():
            return _touch_chat(user_id, change)
        case changes.RenameChat(chat_id, title):
            return _Update(
                ChatRow(user_id, chat_id),
                [ChatRow.title.set(title)],
                ChatRow.chat_id.exists() & ChatRow.deleting.does_not_exist(),
            )
        case changes.CountMessage(day, limit):
            return _count(user_id, f"messages#{day}", limit)
        case changes.ReserveImage(day, limit):
            return _count(user_id, f"quota#{day}", limit)
        case changes.RefundImage(day):
            return _Update(
                LedgerRow(user_id, f"quota#{day}"),
                [LedgerRow.used.add(-1)],
                LedgerRow.used > 0,
            )
        case changes.InsertJob(job):
            return _Put(rows.job_row(user_id, job), LedgerRow.entry.does_not_exist())
        case changes.MoveJob(before, after):
            return _Update(
                LedgerRow(user_id, before.id),
                job_moves.actions(user_id, after),
                job_moves.still(before),
            )
        case changes.InsertImage(image):
            return _Put(rows.image_row(user_id, image), ImageRow.image_id.does_not_exist())


def _touch_chat(user_id: str, change: changes.TouchChat) -> _Update:
    at = timestamp(change.at)
    return _Update(
        ChatRow(user_id, change.chat_id),
        [
            ChatRow.updated_at.set(at),
            ChatRow.title.set(ChatRow.title | change.title),
            ChatRow.created_at.set(ChatRow.created_at | at),
        ],
        ChatRow.deleting.does_not_exist(),
    )


def _count(user_id: str, entry: str, limit: int) -> _Update:
    room = LedgerRow.used < limit
    if limit > 0:
        room = LedgerRow.used.does_not_exist() | room
    return _Update(LedgerRow(user_id, entry), [LedgerRow.used.add(1)], room)


def _why_cancelled(
    error: TransactWriteError, asked: Sequence[Change | None], counter_at: int
) -> Exception:
    """A decision if one of the changes' own conditions failed; else a lost race, if it was one."""
    reasons = error.cancellation_reasons
    refused = [
        change
        for change, reason in zip(asked, reasons, strict=False)
        if change is not None and _is_condition(reason)
    ]
    if refused:
        return ConditionsFailed(refused)
    counter = reasons[counter_at] if counter_at < len(reasons) else None
    if _is_condition(counter) and "deleted_at" in _stored(counter):
        return AccountDeleted()
    if error.cause_response_code in _BUSY or any(
        _is_condition(reason) or (reason is not None and reason.code in _CONTENTION)
        for reason in reasons
    ):
        return LostRace()
    return error


def _is_condition(reason: CancellationReason | None) -> bool:
    return reason is not None and reason.code == "ConditionalCheckFailed"


def _stored(reason: CancellationReason | None) -> dict[str, Any]:
    return dict((reason.raw_item if reason else None) or {})
