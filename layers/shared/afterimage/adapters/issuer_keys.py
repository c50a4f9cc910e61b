"""The keys that an OpenID issuer signs with: RS256 and ES256.

They are found by the issuer's discovery document and kept for an hour. For a token that none of
them fits they are fetched again, at most once a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import jwt
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from afterimage.adapters.age import is_fresh
from afterimage.domain.errors import Busy, Unauthorized
from afterimage.ports.system import Log

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by key type: a token does not get to choose
# Of a JWK; an issuer that publishes them by mistake is verified by what is left (RFC 7518, 6).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_KEEP_KEYS_S = 3_600.0  # a key that the issuer withdraws is trusted for no longer
_ASK_AT_MOST_EVERY_S = 60.0
_FETCH_TIMEOUT_S = 3.0
_NO_SIGNATURE = bytes(64)  # as long as one of ES256
# A connection that was kept while the sandbox was frozen is found closed at the next request.
_ONCE_MORE = Retry(total=1, connect=0)


class IssuerKeys:
    """The issuer's signing keys.

    They are read at first use, and anew when they are an hour old: if that fails, or brings no
    key, the old ones serve on and it is tried again a minute later.

    Args:
        get_json: fetches a URL and parses its JSON.
        now: the wall clock's seconds, see `is_fresh`.
    """

    def __init__(
        self,
        issuer: Callable[[], str],
        get_json: Callable[[str], Any],
        log: Log,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._get_json = get_json
        self._log = log
        self._now = now
        self._keys: Sequence[jwt.PyJWK] = ()
        self._read_at = self._asked_at = float("-inf")
        self._is_away = False
        self._lock = threading.Lock()

    def get(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The key that a token with this header was signed with.

        Args:
            kid: None if the token names no key; then just one may fit.

        Raises:
            Unauthorized: the issuer has no such key, or several of which each may be meant.
            Busy: no such key is known, and the issuer cannot be asked.
        """
        with self._lock:
            if not self._refreshed() and not self._fitting(kid, algorithm):
                self._ask(in_doubt=True)
            fitting = self._fitting(kid, algorithm)
            if not fitting and self._is_away:
                raise Busy("the issuer's keys cannot be fetched")
        if not fitting or (kid is None and len(fitting) > 1):
            raise Unauthorized(f"{len(fitting)} keys fit")
        return fitting[0]

    def read(self) -> None:
        """Fetches them where there are none, or old ones, before a token needs them."""
        with self._lock:
            self._refreshed()
            for key in self._keys:
                # By no signature: the first that is looked at loads what looks at it.
                key.Algorithm.verify(b"", key.key, _NO_SIGNATURE)

    def newer(self, than: jwt.PyJWK) -> jwt.PyJWK | None:
        """What the issuer has put in this key's place, under the same `kid`, if that is known."""
        with self._lock:
            self._ask(in_doubt=True)
            fitting = self._fitting(than.key_id, str(than.algorithm_name))
        return fitting[0] if fitting and fitting[0] is not than else None

    def _refreshed(self) -> bool:
        """Whether they were too old, and so were asked for."""
        if not is_fresh(self._read_at, self._now(), _KEEP_KEYS_S):
            self._ask(in_doubt=False)
            return True
        return False

    def _fitting(self, kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
        return [
            key
            for key in self._keys
            if key.algorithm_name == algorithm and kid in (None, key.key_id)
        ]

    def _ask(self, *, in_doubt: bool) -> None:
        """Fetch the keys, unless that was done in doubt, or in vain, within a minute.

        Args:
            in_doubt: it is a token that gives rise to it, and anybody can make one.
        """
        now = self._now()
        if self._keys and is_fresh(self._asked_at, now, _ASK_AT_MOST_EVERY_S):
            return
        self._fetch()
        if in_doubt or self._is_away:
            self._asked_at = now

    def _fetch(self) -> None:
        issuer = self._issuer().rstrip("/")
        try:
            discovery = self._get_json(f"{issuer}/.well-known/openid-configuration")
            self._keys = _usable_keys(self._get_json(discovery["jwks_uri"])["keys"])
        except (requests.RequestException, ValueError, KeyError, TypeError):
            self._log.exception("issuer_keys_not_fetched", old_keys=len(self._keys))
            self._is_away = True
        else:
            self._read_at, self._is_away = self._now(), False


def fetch_json(http: requests.Session) -> Callable[[str], Any]:
    """Fetches a URL and parses its JSON."""
    for scheme in ("https://", "http://"):
        http.mount(scheme, HTTPAdapter(max_retries=_ONCE_MORE))

    def get(url: str) -> Any:
        response = http.get(url, timeout=_FETCH_TIMEOUT_S, allow_redirects=False)
        response.raise_for_status()
        return response.json()

    return get


def _usable_keys(keys: list[Any]) -> Sequence[jwt.PyJWK]:
    """The keys that sign; whatever else is published beside them does not matter.

    Raises:
        ValueError: there is none, and nobody could sign in.
    """
    usable: list[jwt.PyJWK] = []
    for key in keys:
        if isinstance(key, dict) and _is_for_signing(key):
            with suppress(jwt.PyJWTError, ValueError):
                public = {name: value for name, value in key.items() if name not in _PRIVATE}
                usable.append(jwt.PyJWK(public, algorithm=ALGORITHMS[key["kty"]]))
    if not usable:
        raise ValueError("no key that signs")
    return usable


def _is_for_signing(key: dict[str, Any]) -> bool:
    algorithm = ALGORITHMS.get(str(key.get("kty")))
    return (
        algorithm is not None
        and isinstance(key.get("kid"), str | None)
        and key.get("alg", algorithm) == algorithm
        and key.get("crv", "P-256") == "P-256"
        and key.get("use", "sig") == "sig"
    )
