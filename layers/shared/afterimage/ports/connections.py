"""What opening and resuming a connection needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from afterimage.domain.channels import Channel


class ConnectionRegistry(Protocol):
    def register(self, user_id: str, connection_id: str, now: datetime, until: datetime) -> None:
        """Give a connection live frames from now on, until then."""

    def look(self, user_id: str, connection_id: str, at: datetime | None) -> None:
        """When it was last said that somebody looks at its client; None if nobody does.

        Nothing happens if the connection is gone. One that is registered again keeps it.
        """

    def read(self, user_id: str) -> Channel:
        """As `ChannelStore.read`."""

    def take(self, user_id: str, connection_id: str) -> bool:
        """Remove a connection; whether it was there. Of many at once, one is told so."""

    def forget(self, user_id: str, connection_id: str) -> None:
        """As `ChannelStore.forget`."""


class WaitingRoom(Protocol):
    """Connections that have opened and not resumed."""

    def enter(self, user_id: str, connection_id: str, now: datetime) -> None:
        """A connection has opened."""

    def some(self, user_id: str, before: datetime, limit: int) -> Sequence[str]:
        """At most so many of those that opened before then.

        Eventually consistent. There may be others while many have opened since.
        """

    def leave(self, user_id: str, connection_id: str) -> bool:
        """It has resumed or closed; whether it was still there. Of many at once, one is told so."""


class TicketStore(Protocol):
    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        """Store a ticket's SHA-256."""

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        """Remove the ticket; whether it was there and fresh. True once at most."""
