"""Cache tags: keyed hashes of what a file belongs to.

The edge takes the header away before a browser sees it. Even so a tag is a hash under a key that
nobody else has: whoever sees two of them learns whether they are the same, and nothing more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

_HEX_DIGITS = 32  # 128 bits; a tag has at most 256 characters ("Invalidating tags", CloudFront)


class HmacTags:
    """Implements `CacheTags`.

    Args:
        secret_value: never rotated, because a file keeps the tags that it was stored with.
    """

    def __init__(self, secret_value: Callable[[], str]) -> None:
        self._secret_value = secret_value

    def picture(self, user_id: str, image_id: str) -> str:
        return self._tag(f"picture {image_id} {user_id}")

    def chat(self, user_id: str, chat_id: str) -> str:
        return self._tag(f"chat {chat_id} {user_id}")

    def user(self, user_id: str) -> str:
        return self._tag(f"user {user_id}")

    def _tag(self, name: str) -> str:
        """Neither kind nor id has a space, so no two things have one name."""
        key = self._secret_value().encode()
        return hmac.digest(key, name.encode(), hashlib.sha256).hex()[:_HEX_DIGITS]
