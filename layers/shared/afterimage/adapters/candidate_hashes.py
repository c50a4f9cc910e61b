"""What texts and people are called among the candidates: keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

_HEX_DIGITS = 32  # 128 bits


class HmacCandidateHashes:
    """Implements `CandidateHashes`.

    Args:
        secret_value: of the other hashes that stand for people and things; their names begin
            otherwise.
    """

    def __init__(self, secret_value: Callable[[], str]) -> None:
        self._secret_value = secret_value

    def text(self, week: str, words: str) -> str:
        return self._hash(f"candidate-text {week} {words}")

    def user(self, week: str, text: str, user_id: str) -> str:
        return self._hash(f"candidate-user {week} {text} {user_id}")

    def _hash(self, name: str) -> str:
        key = self._secret_value().encode()
        return hmac.digest(key, name.encode(), hashlib.sha256).hex()[:_HEX_DIGITS]
