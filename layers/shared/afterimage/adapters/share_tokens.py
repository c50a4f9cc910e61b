"""Tokens of shared pictures: keyed hashes that name nobody."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable

_BYTES = 16  # 128 bits


class HmacShareTokens:
    """Implements `ShareTokens`.

    Args:
        secret_value: never rotated, because links are made of it again whenever they are shown.
    """

    def __init__(self, secret_value: Callable[[], str]) -> None:
        self._secret_value = secret_value

    def token(self, user_id: str, image_id: str, number: int) -> str:
        digest = self._digest(f"share {image_id} {number} {user_id}")
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def tag(self, user_id: str, image_id: str, number: int) -> str:
        return self._digest(f"shared {image_id} {number} {user_id}").hex()

    def _digest(self, name: str) -> bytes:
        """Neither id nor number has a space, so no two names are the same."""
        return hmac.digest(self._secret_value().encode(), name.encode(), hashlib.sha256)[:_BYTES]
