"""What opening and resuming a connection needs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from afterimage.domain.entities import Channel


class ConnectionRegistry(Protocol):
    def register(self, user_id: str, connection_id: str, now: datetime, until: datetime) -> None:
        """Give a connection live frames from now on, until then."""

    def read(self, user_id: str) -> Channel:
        """As `ChannelStore.read`."""

    def forget(self, user_id: str, connection_id: str) -> None:
        """As `ChannelStore.forget`."""


class TicketStore(Protocol):
    def keep(self, user_id: str, digest: str, expires_at: datetime) -> None:
        """Store a ticket's SHA-256."""

    def spend(self, user_id: str, digest: str, now: datetime) -> bool:
        """Remove the ticket; whether it was there and fresh. True once at most."""
