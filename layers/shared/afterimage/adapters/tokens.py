"""Access tokens of any OpenID issuer: RS256 and ES256 by its published keys.

Works for Supabase Auth, Cognito and Auth0 alike: keys are found by the issuer's discovery
document, cached, and fetched again for an unknown `kid` at most once a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jwt
import requests

from afterimage.domain.errors import Busy, Unauthorized
from afterimage.ports import Log

_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by key type: a token does not get to choose
_FETCH_AT_MOST_EVERY = 60.0  # seconds
_FETCH_TIMEOUT = 3.0  # seconds
_LEEWAY = 5  # seconds of clock difference
_LONGEST_TOKEN = 8 * 1024  # characters; API Gateway's limit for all headers is 10 KB
_LONGEST_USER_ID = 255  # characters


class IssuerKeys:
    """The issuer's signing keys by `kid`.

    Args:
        get_json: fetches a URL and parses its JSON.
    """

    def __init__(
        self,
        issuer: Callable[[], str],
        get_json: Callable[[str], Any],
        log: Log,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._get_json = get_json
        self._log = log
        self._monotonic = monotonic
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._lock = threading.Lock()

    def get(self, kid: str) -> jwt.PyJWK:
        """Raises: Unauthorized (the issuer has no such key), Busy (it cannot be asked)."""
        with self._lock:
            if kid not in self._keys and self._may_fetch():
                self._fetch()
        if kid not in self._keys:
            raise Unauthorized("unknown kid")
        return self._keys[kid]

    def _may_fetch(self) -> bool:
        now = self._monotonic()
        return self._fetched_at is None or now - self._fetched_at >= _FETCH_AT_MOST_EVERY

    def _fetch(self) -> None:
        issuer = self._issuer().rstrip("/")
        try:
            discovery = self._get_json(f"{issuer}/.well-known/openid-configuration")
            jwks = self._get_json(discovery["jwks_uri"])
            self._keys = _usable_keys(jwks["keys"])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            self._log.exception("issuer_keys_not_fetched")
            if not self._keys:
                raise Busy("the issuer's keys cannot be fetched") from error
        self._fetched_at = self._monotonic()


class TokenVerifier:
    """Tells whose token it is."""

    def __init__(
        self, issuer: Callable[[], str], audience: Callable[[], str], keys: IssuerKeys
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def user_of(self, authorization: str | None) -> str:
        """The `sub` of a valid bearer token.

        Raises:
            Unauthorized: it is missing, malformed, forged, for somebody else or out of date.
            Busy: the issuer's keys are needed and cannot be fetched.
        """
        token = _bearer(authorization)
        try:
            return self._verified(token)
        except (jwt.InvalidTokenError, jwt.PyJWKError, RecursionError) as error:
            raise Unauthorized(type(error).__name__) from error

    def _verified(self, token: str) -> str:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise Unauthorized("no kid")
        key = self._keys.get(kid)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[_ALGORITHMS[str(key.key_type)]],
            issuer=self._issuer(),
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )
        if not _is_for(claims, self._audience()):
            raise Unauthorized("wrong audience")
        user_id = claims["sub"]
        if not isinstance(user_id, str) or not 0 < len(user_id) <= _LONGEST_USER_ID:
            raise Unauthorized("unusable sub")
        return user_id


def fetch_json(http: requests.Session) -> Callable[[str], Any]:
    """Fetches a URL and parses its JSON."""

    def get(url: str) -> Any:
        response = http.get(url, timeout=_FETCH_TIMEOUT, allow_redirects=False)
        response.raise_for_status()
        return response.json()

    return get


def _usable_keys(keys: list[Any]) -> dict[str, jwt.PyJWK]:
    """The keys that sign, by `kid`; whatever else is published beside them does not matter."""
    usable: dict[str, jwt.PyJWK] = {}
    for key in keys:
        if isinstance(key, dict) and _is_for_signing(key):
            with suppress(jwt.PyJWTError, ValueError):
                usable[key["kid"]] = jwt.PyJWK(key, algorithm=_ALGORITHMS[key["kty"]])
    return usable


def _is_for_signing(key: dict[str, Any]) -> bool:
    return (
        isinstance(key.get("kid"), str)
        and str(key.get("kty")) in _ALGORITHMS
        and key.get("crv", "P-256") == "P-256"
        and key.get("use", "sig") == "sig"
    )


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise Unauthorized("no bearer token")
    return token.strip()


def _is_for(claims: dict[str, Any], audience: str) -> bool:
    """`aud` contains the audience; a token without one (Cognito's) names the client instead."""
    if "aud" in claims:
        named = claims["aud"]
        return audience in (named if isinstance(named, list) else [named])
    return claims.get("client_id") == audience and claims.get("token_use") == "access"
