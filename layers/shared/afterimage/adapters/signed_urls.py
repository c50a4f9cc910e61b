"""Addresses of pictures at the edge."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

from afterimage.ports.system import Clock

_DAY_S = 86_400


class SignedUrls:
    """Implements `ImageUrls`: paths signed for the edge, which verifies them (template.yaml).

    Time is cut into periods, and a URL lasts until the next period ends: the same picture keeps
    the same URL for a whole period, so that browsers can cache it.

    Args:
        secret_value: words with a space between. The first signs; the edge accepts each.
        period_days: length of a period; a URL is valid for one to two of them.
    """

    def __init__(
        self,
        public_url: Callable[[], str],
        secret_value: Callable[[], str],
        clock: Clock,
        period_days: int,
    ) -> None:
        self._public_url = public_url
        self._secret_value = secret_value
        self._clock = clock
        self._period_s = period_days * _DAY_S

    def url(self, key: str) -> str:
        period = int(self._clock.now().timestamp()) // self._period_s
        expires = (period + 2) * self._period_s
        path = f"/cdn/{quote(key)}"
        signed = f"{path}?expires={expires}"
        secret = self._secret_value().partition(" ")[0]
        digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
        signature = urlsafe_b64encode(digest).decode().rstrip("=")
        return f"{self._public_url()}{signed}&signature={signature}"
