"""Access tokens of any OpenID issuer, by its published keys (`issuer_keys.py`).

Works for Supabase Auth, Cognito and Auth0 alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt

from afterimage.adapters.issuer_keys import ALGORITHMS, IssuerKeys
from afterimage.domain.callers import LEEWAY, Caller
from afterimage.domain.errors import Unauthorized

# Keycloak's names of tokens that open nothing here.
_OTHER_KINDS = ("ID", "Refresh", "Offline", "Logout")
_NEVER_IN_OURS = frozenset({"at_hash", "c_hash", "events"})
_SAYS_WHAT_FOR = frozenset({"scope", "scp", "token_use", "typ"})
_LAST_END = datetime(9999, 1, 1, tzinfo=UTC)  # what a token may say is not what a date may be
_LONGEST_TOKEN = 8 * 1024  # characters; API Gateway's limit for all headers is 10 KB
# Bytes. OpenID Connect Core 2 allows 255 ASCII characters. DynamoDB's partition key holds 2,048,
# of which a chat's id takes 65; a ticket, of which it is a part, holds 743.
_LONGEST_USER_ID = 255
_UNUSABLE_ID = f"This account cannot be used here: its id must have 1 to {_LONGEST_USER_ID} bytes."


class TokenVerifier:
    """Tells whose token it is, and until when."""

    def __init__(
        self, issuer: Callable[[], str], audience: Callable[[], str], keys: IssuerKeys
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def caller_of(self, authorization: str | None) -> Caller:
        """Who has a valid bearer token: its `sub` and its `exp`.

        Raises:
            Unauthorized: it is missing, malformed, forged, for somebody else or out of date.
            Busy: the issuer's keys are needed and cannot be fetched.
        """
        token = _bearer(authorization)
        try:
            return self._verified(token)
        except (jwt.InvalidTokenError, jwt.PyJWKError, RecursionError) as error:
            raise Unauthorized(type(error).__name__) from error

    def _verified(self, token: str) -> Caller:
        header = jwt.get_unverified_header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in ALGORITHMS.values():
            raise Unauthorized("another algorithm")
        claims = self._claims(token, self._keys.get(header.get("kid"), algorithm))
        if not _is_for(claims, self._audience()):
            raise Unauthorized("not an access token for us")
        user_id = claims["sub"]
        if not _can_be_kept(user_id):
            raise Unauthorized("unusable sub", public=_UNUSABLE_ID)
        return Caller(str(user_id), _end_of(claims))

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            return self._decoded(token, key)
        except jwt.InvalidSignatureError:
            newer = self._keys.newer(key)
            if newer is None:
                raise
            return self._decoded(token, newer)

    def _decoded(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key.key,
            algorithms=[str(key.algorithm_name)],
            issuer=self._issuer(),
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )


def _end_of(claims: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(min(int(claims["exp"]), _LAST_END.timestamp()), UTC)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise Unauthorized("no bearer token")
    return token.strip()


def _is_for(claims: dict[str, Any], audience: str) -> bool:
    """An access token, whose `aud` contains the audience.

    One without `aud` (Cognito's) names the client instead, and says what it is for.
    """
    if _is_another_kind(claims):
        return False
    if "aud" in claims:
        named = claims["aud"]
        return audience in (named if isinstance(named, list) else [named])
    return claims.get("client_id") == audience and "token_use" in claims


def _is_another_kind(claims: dict[str, Any]) -> bool:
    """Whether it says of itself that it is an ID token or the like; its `aud` may be ours.

    Cognito says it by `token_use`, Keycloak by `typ`; hashes of what came with it stand in ID
    tokens alone (OpenID Connect Core 3.3.2.11), events in tokens that end a session (RFC 8417).
    A nonce may stand in an access token, too, which then says at least what it is good for.
    """
    return (
        claims.get("token_use", "access") != "access"
        or claims.get("typ") in _OTHER_KINDS
        or not _NEVER_IN_OURS.isdisjoint(claims)
        or ("nonce" in claims and _SAYS_WHAT_FOR.isdisjoint(claims))
    )


def _can_be_kept(user_id: object) -> bool:
    """Whether it fits the keys of tables; half a surrogate pair fits none."""
    try:
        return isinstance(user_id, str) and 0 < len(user_id.encode()) <= _LONGEST_USER_ID
    except UnicodeEncodeError:
        return False
