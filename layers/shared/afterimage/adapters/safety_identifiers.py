"""What the provider knows a user by: a keyed hash, which says nothing without the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

_HEX_DIGITS = 40  # 160 bits; a label has at most 63 characters, of a-z, 0-9, _ and -


class HmacSafetyIdentifiers:
    """Implements `SafetyIdentifiers`.

    Args:
        secret_value: never rotated, so that whom the provider has stopped stays stopped.
    """

    def __init__(self, secret_value: Callable[[], str]) -> None:
        self._secret_value = secret_value

    def of(self, user_id: str) -> str:
        # Other hashes under this key begin with other words: none is the beginning of another.
        name = f"safety-identifier {user_id}"
        key = self._secret_value().encode()
        return hmac.digest(key, name.encode(), hashlib.sha256).hex()[:_HEX_DIGITS]
