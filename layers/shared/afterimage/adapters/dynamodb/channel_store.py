"""The transaction that moves a user's counter, with all that it changes, in DynamoDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pynamodb.connection import Connection
from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.transactions import TransactWrite

from afterimage.adapters.dynamodb import columns, rows
from afterimage.adapters.dynamodb.conditional import updated
from afterimage.adapters.dynamodb.connections import DynamoDbConnections
from afterimage.adapters.dynamodb.contention import BUSY
from afterimage.adapters.dynamodb.items import Check, Delete, Item, Put, Update, Write
from afterimage.adapters.dynamodb.tables import COUNTER, ChannelRow, LedgerRow, MessageRow
from afterimage.adapters.dynamodb.writes import writes_of
from afterimage.domain.changes import CountCall, CountMessage, ReserveImage, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.served import Served
from afterimage.ports.channel import ConditionsFailed, LostRace
from afterimage.ports.system import Clock

_TURN = "turn"  # sorts behind "ticket#", so that it is not read with the channel
_NUMBERS_KEPT = timedelta(hours=1)  # without them they go on behind what was served
# Reasons of a cancelled transaction that say "not now" rather than "no".
_CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
# The same, where the whole call was turned away.
_TURNED_AWAY = BUSY | {"TransactionInProgressException"}


class DynamoDbChannelStore(DynamoDbConnections):
    """Implements `ChannelStore`, and all of a function that only reads."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(clock)
        self._connection = connection

    def commit(
        self, channel: Channel, transition: Transition, now: datetime, served: Served | None = None
    ) -> None:
        writes = writes_of(channel, transition, now, served)
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
                ChannelRow.drawn.set((ChannelRow.drawn | channel.served.highest) + 1),
                ChannelRow.expires_at.set(columns.epoch(now + _NUMBERS_KEPT)),
            ]
        )
        return int(row.drawn or 0)

    def serve(self, user_id: str, number: int) -> None:
        served = ChannelRow.served_beyond.add({number})
        # Of a deleted account there is no `seq` any more.
        updated(ChannelRow(user_id, COUNTER), [served], ChannelRow.seq.exists())


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
