"""Tokens that the issuer signs (RFC 9068 for access tokens, OpenID Connect Core for ID tokens)."""

import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt

from tests.local_stack.issuer.keys import SigningKeys

TOKEN_SECONDS = 3600
USER_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


class BadUserNameError(ValueError):
    """Not 1 to 64 of A-Z, a-z, 0-9, "_", ".", "@" and "-"."""


@dataclass(frozen=True)
class Issuer:
    """Signs tokens.

    Attributes:
        url: the "iss" of every token.
        audience: the "aud" of access tokens.
    """

    url: str
    audience: str
    keys: SigningKeys

    def access_token(
        self, user: str, *, algorithm: str = "ES256", seconds: int = TOKEN_SECONDS, **claims: Any
    ) -> str:
        """A bearer token for the HTTP API.

        Args:
            claims: instead of, or beside, the usual ones.
        """
        return self._sign(user, {"aud": self.audience, **claims}, algorithm, seconds)

    def id_token(self, user: str, client_id: str, nonce: str | None) -> str:
        """Who signed in, for the client itself."""
        claims = {"aud": client_id, "preferred_username": user}
        if nonce is not None:
            claims["nonce"] = nonce
        return self._sign(user, claims, "ES256", TOKEN_SECONDS)

    def _sign(self, user: str, claims: dict[str, Any], algorithm: str, seconds: int) -> str:
        if not USER_NAME.fullmatch(user):
            raise BadUserNameError(user)
        now = int(time.time())
        usual = {
            "iss": self.url,
            "sub": user,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(
            {**usual, **claims},
            self.keys.private(algorithm),
            algorithm,
            headers={"kid": self.keys.key_id(algorithm)},
        )
