"""One-time tickets: how a browser, which can send no header, proves who opens a WebSocket."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from afterimage.ports.connections import TicketStore
from afterimage.ports.system import Clock

TICKET_LIFETIME = timedelta(seconds=30)
_RANDOM_BYTES = 24
_LONGEST = 1_024  # characters; the user's id is part of it


class Tickets:
    """Issues and spends tickets of the form `<user id, base64url>.<random>`.

    Only the random part's hash is stored, beside the user's other rows, so that a ticket
    leads to its own row and no row leads to a ticket.
    """

    def __init__(self, tickets: TicketStore, clock: Clock) -> None:
        self._tickets = tickets
        self._clock = clock

    def issue(self, user_id: str) -> str:
        """A ticket for one connection within `TICKET_LIFETIME`."""
        secret = secrets.token_urlsafe(_RANDOM_BYTES)
        expires_at = self._clock.now() + TICKET_LIFETIME
        self._tickets.keep(user_id, _digest(secret), expires_at)
        return f"{urlsafe_b64encode(user_id.encode()).decode()}.{secret}"

    def spend(self, ticket: str) -> str | None:
        """The user whose ticket this is, once; None for anything else."""
        encoded, _, secret = ticket.partition(".")
        if not secret or len(ticket) > _LONGEST:
            return None
        try:
            user_id = urlsafe_b64decode(encoded).decode()
        except ValueError:
            return None
        spent = user_id and self._tickets.spend(user_id, _digest(secret), self._clock.now())
        return user_id if spent else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
