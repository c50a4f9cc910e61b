"""Refresh tokens (RFC 6749, section 6): each is used once, and brings the next (RFC 9700)."""

import secrets

from tests.local_stack.issuer.codes import InvalidGrantError


class RefreshTokens:
    """Those given out, not used yet and not revoked."""

    def __init__(self) -> None:
        self._holders: dict[str, tuple[str, str]] = {}

    def issue(self, user: str, client_id: str) -> str:
        """A new token of that user for that client."""
        token = secrets.token_urlsafe(32)
        self._holders[token] = user, client_id
        return token

    def redeem(self, token: str, client_id: str) -> str:
        """Uses a token up; returns its user.

        Raises:
            InvalidGrantError: it cannot be used, or not by this client.
        """
        user, holder = self._holders.pop(token, (None, None))
        if user is None or holder != client_id:
            raise InvalidGrantError("unknown or used refresh token")
        return user

    def revoke(self, user: str) -> None:
        """None of that user's tokens can be used any more."""
        self._holders = {token: held for token, held in self._holders.items() if held[0] != user}
