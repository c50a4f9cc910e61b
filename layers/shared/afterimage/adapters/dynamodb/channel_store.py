"""Counter, connections, tickets and the transaction that moves them, in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.connection import Connection
from pynamodb.exceptions import (
    CancellationReason,
    DeleteError,
    TransactWriteError,
    UpdateError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from afterimage.adapters.dynamodb import rows
from afterimage.adapters.dynamodb.contention import BUSY
from afterimage.adapters.dynamodb.tables import COUNTER, ChannelRow, LedgerRow, MessageRow
from afterimage.adapters.dynamodb.writes import (
    Check,
    Delete,
    Item,
    Put,
    Update,
    Write,
    writes_of,
)
from afterimage.domain.changes import CountCall, CountMessage, ReserveImage, Transition
from afterimage.domain.entities import Channel
from afterimage.domain.errors import AccountDeleted
from afterimage.ports.channel import ConditionsFailed, LostRace
from afterimage.ports.system import Clock

# What sorts behind "ticket#" is not read with the channel.
_CONNECTION, _TICKET, _UNRESUMED = "connection#", "ticket#", "unresumed#"
_TURN = "turn"
_NUMBERS_KEPT = timedelta(hours=1)  # without them they go on behind what was served
_LOOKED_AT = 20  # rows of connections that have not resumed, to find some that are old
_LONGEST = timedelta(hours=2)  # a connection's life at API Gateway
# Reasons of a cancelled transaction that say "not now" rather than "no".
_CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
# The same, where the whole call was turned away.
_TURNED_AWAY = BUSY | {"TransactionInProgressException"}


class DynamoDbChannelStore:
    """Implements `ChannelStore`, `ConnectionRegistry`, `WaitingRoom` and `TicketStore`."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    # --- Reading ----------------------------------------------------------------------------

    def read(self, user_id: str) -> Channel:
        channel, now = Channel(user_id), self._clock.now()
        live: list[tuple[str, str]] = []
        ended: list[str] = []
        # "connection#…" and "seq" sort before "ticket#…": tickets are not read.
        for row in ChannelRow.query(user_id, ChannelRow.entry < _TICKET, consistent_read=True):
            if row.entry == COUNTER:
                channel = Channel(
                    user_id,
                    int(row.seq or 0),
                    int(row.open or 0),
                    deleted=rows.is_refused(row, now),
                    painting=frozenset(row.painting or ()),
                    waiting=frozenset(row.waiting or ()),
                    served=int(row.served or 0),
                )
            elif (row.expires_at or 0) > now.timestamp():
                live.append((row.connected_at or "", row.entry[len(_CONNECTION) :]))
            else:  # DynamoDB removes it in its own time
                ended.append(row.entry[len(_CONNECTION) :])
        oldest_first = tuple(connection for _, connection in sorted(live))
        return replace(channel, connections=oldest_first, ended=tuple(ended))

    # --- The transaction --------------------------------------------------------------------

    def commit(
        self, channel: Channel, transition: Transition, now: datetime, number: int | None = None
    ) -> None:
        writes = writes_of(channel, transition, now, number)
        try:
            self._send([one.write for one in writes])
        except TransactWriteError as error:
            raise _why_cancelled(error, writes, now) from error

    def _send(self, writes: Sequence[Write]) -> None:
        with TransactWrite(connection=self._connection) as transaction:
            for write in writes:
                match write:
                    case Check(model, (hash_key, range_key), condition):
                        transaction.condition_check(model, hash_key, range_key, condition)
                    case Delete(row, condition):
                        transaction.delete(row, condition=condition)
                    case Put(row, optional):
                        transaction.save(row, condition=optional)
                    case Update(row, actions, condition):
                        # What a counter was says how many are left; a message's row is long.
                        returned = None if isinstance(row, MessageRow) else "ALL_OLD"
                        transaction.update(
                            row, actions=actions, condition=condition, return_values=returned
                        )

    # --- Who comes next ---------------------------------------------------------------------

    def draw(self, channel: Channel, now: datetime) -> int:
        row = ChannelRow(channel.user_id, _TURN)
        row.update(
            [
                ChannelRow.drawn.set((ChannelRow.drawn | channel.served) + 1),
                ChannelRow.expires_at.set(rows.epoch(now + _NUMBERS_KEPT)),
            ]
        )
        return int(row.drawn or 0)

    def serve(self, user_id: str, number: int) -> None:
        behind = ChannelRow.served.does_not_exist() | (ChannelRow.served < number)
        try:
            # Of a deleted account there is no `seq` any more.
            ChannelRow(user_id, COUNTER).update(
                [ChannelRow.served.set(number)], condition=ChannelRow.seq.exists() & behind
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise

    # --- Connections ------------------------------------------------------------------------

    def register(self, user_id: str, connection_id: str, now: datetime, until: datetime) -> None:
        ChannelRow(
            user_id,
            _CONNECTION + connection_id,
            connected_at=rows.timestamp(now),
            expires_at=rows.epoch(until),
        ).save()

    def take(self, user_id: str, connection_id: str) -> bool:
        return _taken(user_id, _CONNECTION + connection_id, ChannelRow.entry.exists())

    def forget(self, user_id: str, connection_id: str) -> None:
        ChannelRow(user_id, _CONNECTION + connection_id).delete()

    # --- Connections that have not resumed --------------------------------------------------

    def enter(self, user_id: str, connection_id: str, now: datetime) -> None:
        ChannelRow(
            user_id,
            _UNRESUMED + connection_id,
            connected_at=rows.timestamp(now),
            expires_at=rows.epoch(now + _LONGEST),
        ).save()

    def some(self, user_id: str, before: datetime, limit: int) -> list[str]:
        unresumed = ChannelRow.entry.startswith(_UNRESUMED)
        old = [
            row.entry[len(_UNRESUMED) :]
            for row in ChannelRow.query(user_id, unresumed, limit=_LOOKED_AT)
            if (row.connected_at or "") < rows.timestamp(before)
        ]
        return old[:limit]

    def leave(self, user_id: str, connection_id: str) -> bool:
        return _taken(user_id, _UNRESUMED + connection_id, ChannelRow.entry.exists())

    # --- Tickets ----------------------------------------------------------------------------

    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        ChannelRow(user_id, _TICKET + digest, expires_at=rows.epoch(expires_at)).save()

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        return _taken(user_id, _TICKET + digest, ChannelRow.expires_at > rows.epoch(now))


def _taken(user_id: str, entry: str, condition: Condition) -> bool:
    """Whether it was this call that removed the row."""
    try:
        ChannelRow(user_id, entry).delete(condition=condition)
    except DeleteError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _why_cancelled(error: TransactWriteError, asked: Sequence[Item], now: datetime) -> Exception:
    """A decision if one of the changes' own conditions failed; else a lost race, if it was one."""
    reasons = error.cancellation_reasons
    refused = [
        (one.change, reason)
        for one, reason in zip(asked, reasons, strict=False)
        if one.change is not None and _is_condition(reason)
    ]
    if refused:
        counted = {
            change: _counted(reason)
            for change, reason in refused
            if isinstance(change, CountMessage | ReserveImage | CountCall)
        }
        return ConditionsFailed([change for change, _ in refused], counted)
    if any(_is_condition(reason) and _is_refused(reason, now) for reason in reasons):
        return AccountDeleted()
    if error.cause_response_code in _TURNED_AWAY or any(
        _is_condition(reason) or (reason is not None and reason.code in _CONTENTION)
        for reason in reasons
    ):
        return LostRace()
    return error


def _counted(reason: CancellationReason | None) -> int:
    """What stood in the counter that had no room."""
    stored = (reason.raw_item if reason else None) or {}
    return int(LedgerRow.from_raw_data(stored).used or 0) if stored else 0


def _is_condition(reason: CancellationReason | None) -> bool:
    return reason is not None and reason.code == "ConditionalCheckFailed"


def _is_refused(reason: CancellationReason | None, now: datetime) -> bool:
    """Whether what was stored there is the counter of a deleted account."""
    stored = (reason.raw_item if reason else None) or {}
    return "deleted_at" in stored and rows.is_refused(ChannelRow.from_raw_data(stored), now)
