"""One-time tickets: how a browser, which can send no header, proves who opens a WebSocket."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from afterimage.domain.callers import Caller
from afterimage.ports.connections import TicketStore
from afterimage.ports.system import Clock

TICKET_LIFETIME = timedelta(seconds=30)
_RANDOM_BYTES = 24
_LONGEST = 1_024  # characters; the user's id is part of it


class Tickets:
    """Issues and spends tickets of the form `<user id, base64url>.<token's end>.<random>`.

    Only a hash of all behind the first dot is stored, beside the user's other rows, so that a
    ticket leads to its own row, no row leads to a ticket, and nobody moves the token's end, in
    whole seconds since 1970.
    """

    def __init__(self, tickets: TicketStore, clock: Clock) -> None:
        self._tickets = tickets
        self._clock = clock

    def issue(self, caller: Caller) -> str:
        """A ticket for one connection within `TICKET_LIFETIME`."""
        secret = f"{int(caller.until.timestamp())}.{secrets.token_urlsafe(_RANDOM_BYTES)}"
        expires_at = self._clock.now() + TICKET_LIFETIME
        self._tickets.keep(caller.user_id, _digest(secret), expires_at)
        return f"{urlsafe_b64encode(caller.user_id.encode()).decode()}.{secret}"

    def spend(self, ticket: str) -> Caller | None:
        """Whose ticket this is, once; None for anything else."""
        encoded, _, secret = ticket.partition(".")
        end, _, _ = secret.partition(".")
        if len(ticket) > _LONGEST:
            return None
        try:
            user_id = urlsafe_b64decode(encoded).decode()
            until = datetime.fromtimestamp(int(end), UTC)
        except (ValueError, OverflowError, OSError):
            return None
        spent = user_id and self._tickets.spend(user_id, _digest(secret), self._clock.now())
        return Caller(user_id, until) if spent else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
