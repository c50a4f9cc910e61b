"""How much of a list goes into one answer.

Lambda refuses an answer of more than 6 MB (6,291,556 bytes), and API Gateway's caller then gets a
500, however often it asks. So a list ends where the next row would be too much, and its cursor
leads on from there; no single row comes near the limit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

# Bytes of rows; the rest is for what is around them.
LARGEST_LIST = 5_000_000


def fitting(views: Sequence[object], middle: int = 0) -> slice:
    """Which of these fit into one answer: the middle one and its neighbours on both sides."""
    begin = end = middle
    left = LARGEST_LIST
    weights = [weight(view) for view in views]
    while True:
        is_next = end < len(weights) and weights[end] <= left
        if is_next:
            left -= weights[end]
            end += 1
        is_before = begin > 0 and weights[begin - 1] <= left
        if is_before:
            begin -= 1
            left -= weights[begin]
        if not is_next and not is_before:
            return slice(begin, end)


def weight(view: object) -> int:
    """Bytes that a row takes at most.

    The body is JSON, and a text in Lambda's own JSON: a quotation mark takes four bytes, an emoji
    twelve where the runtime writes ASCII only.
    """
    body = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
    return len(json.dumps(body))
