"""A user's counter and connections, those that wait, and tickets, in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition

from afterimage.adapters.dynamodb import columns, rows
from afterimage.adapters.dynamodb.conditional import deleted, updated
from afterimage.adapters.dynamodb.tables import COUNTER, ChannelRow
from afterimage.domain.channels import Channel
from afterimage.domain.served import Served
from afterimage.ports.system import Clock

# What sorts behind "ticket#" is not read with the channel.
_CONNECTION, _TICKET, _UNRESUMED = "connection#", "ticket#", "unresumed#"
_LOOKED_AT = 20  # rows of connections that have not resumed, to find some that are old
_LONGEST = timedelta(hours=2)  # a connection's life at API Gateway


class DynamoDbConnections:
    """Implements `ConnectionRegistry`, `WaitingRoom` and `TicketStore`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    # --- Reading ----------------------------------------------------------------------------

    def read(self, user_id: str) -> Channel:
        channel, now = Channel(user_id), self._clock.now()
        live: list[tuple[str, str]] = []
        ended: list[str] = []
        visible: dict[str, datetime] = {}
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
                    served=Served(int(row.served or 0)).and_also(*_numbers(row.served_beyond)),
                    told=bool(row.told),
                )
            elif (row.expires_at or 0) > now.timestamp():
                connection_id = row.entry[len(_CONNECTION) :]
                live.append((row.connected_at or "", connection_id))
                if row.visible_at:
                    visible[connection_id] = datetime.fromisoformat(row.visible_at)
            else:  # DynamoDB removes it in its own time
                ended.append(row.entry[len(_CONNECTION) :])
        oldest_first = tuple(connection for _, connection in sorted(live))
        return replace(channel, connections=oldest_first, ended=tuple(ended), visible=visible)

    # --- Connections ------------------------------------------------------------------------

    def register(self, user_id: str, connection_id: str, now: datetime, until: datetime) -> None:
        # By an update, which keeps who looks: a connection resumes at each gap.
        ChannelRow(user_id, _CONNECTION + connection_id).update(
            [
                ChannelRow.connected_at.set(columns.timestamp(now)),
                ChannelRow.expires_at.set(columns.epoch(until)),
            ]
        )

    def look(self, user_id: str, connection_id: str, at: datetime | None) -> None:
        seen = ChannelRow.visible_at
        said = seen.remove() if at is None else seen.set(columns.timestamp(at))
        connection = ChannelRow(user_id, _CONNECTION + connection_id)
        updated(connection, [said], ChannelRow.entry.exists())

    def take(self, user_id: str, connection_id: str) -> bool:
        return _taken(user_id, _CONNECTION + connection_id, ChannelRow.entry.exists())

    def forget(self, user_id: str, connection_id: str) -> None:
        ChannelRow(user_id, _CONNECTION + connection_id).delete()

    # --- Connections that have not resumed --------------------------------------------------

    def enter(self, user_id: str, connection_id: str, now: datetime) -> None:
        ChannelRow(
            user_id,
            _UNRESUMED + connection_id,
            connected_at=columns.timestamp(now),
            expires_at=columns.epoch(now + _LONGEST),
        ).save()

    def some(self, user_id: str, before: datetime, limit: int) -> list[str]:
        unresumed = ChannelRow.entry.startswith(_UNRESUMED)
        old = [
            row.entry[len(_UNRESUMED) :]
            for row in ChannelRow.query(user_id, unresumed, limit=_LOOKED_AT)
            if (row.connected_at or "") < columns.timestamp(before)
        ]
        return old[:limit]

    def leave(self, user_id: str, connection_id: str) -> bool:
        return _taken(user_id, _UNRESUMED + connection_id, ChannelRow.entry.exists())

    # --- Tickets ----------------------------------------------------------------------------

    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        ChannelRow(user_id, _TICKET + digest, expires_at=columns.epoch(expires_at)).save()

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        return _taken(user_id, _TICKET + digest, ChannelRow.expires_at > columns.epoch(now))


def _taken(user_id: str, entry: str, condition: Condition) -> bool:
    """Whether it was this call that removed the row."""
    return deleted(ChannelRow(user_id, entry), condition)


def _numbers(stored: Iterable[float] | None) -> Iterable[int]:
    return map(int, stored or ())
