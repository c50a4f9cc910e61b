"""Authorization codes with PKCE (RFC 7636): single use, one minute."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

CODE_SECONDS = 60.0


class InvalidGrantError(Exception):
    """The code is unknown, used, too old, or belongs to another request."""


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    user: str
    client_id: str
    redirect_uri: str
    challenge: str  # S256
    nonce: str | None
    scope: str = ""


class Codes:
    """Codes given out and not yet used."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._grants: dict[str, tuple[Grant, float]] = {}

    def issue(self, grant: Grant) -> str:
        """A new code."""
        now = self._clock()
        self._grants = {c: (g, end) for c, (g, end) in self._grants.items() if end > now}
        code = secrets.token_urlsafe(32)
        self._grants[code] = grant, now + CODE_SECONDS
        return code

    def redeem(self, code: str, verifier: str, client_id: str, redirect_uri: str) -> Grant:
        """Uses a code up.

        Raises:
            InvalidGrantError: it cannot be used, or not by this client.
        """
        grant, end = self._grants.pop(code, (None, 0.0))
        if grant is None or end <= self._clock():
            raise InvalidGrantError("unknown or expired code")
        if (client_id, redirect_uri) != (grant.client_id, grant.redirect_uri):
            raise InvalidGrantError("issued to another client or address")
        if not hmac.compare_digest(challenge_of(verifier), grant.challenge):
            raise InvalidGrantError("wrong code_verifier")
        return grant


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
