"""What a client may send over the unified channel, one JSON object a frame.

Described in `afterimage.http.actions`. More fields are ignored: a newer client may send them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from afterimage.domain.ids import ULID_PATTERN

LARGEST_SEQ = 2**53
LONGEST_WAIT_MS = 600_000  # nothing is under way for longer than its deadline and a sweep


@dataclass(frozen=True)
class Resume:
    """Args: after: the last `seq` that the client has; None means "from now"."""

    after: int | None


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Report:
    """How long somebody waited for what was drawn, in milliseconds; None where it did not come."""

    message_id: str
    placeholder_ms: int | None
    preview_ms: int | None
    picture_ms: int | None


@dataclass(frozen=True)
class Typing:
    pass


@dataclass(frozen=True)
class Visible:
    """Args: value: whether somebody looks at the client."""

    value: bool


Action = Resume | Ping | Report | Typing | Visible


def parsed(body: object) -> Action | None:
    """The action in a frame's body, None if it is none."""
    if not isinstance(body, str):
        return None
    try:
        given = json.loads(body)
        return _action(given) if isinstance(given, dict) else None
    except (ValueError, RecursionError):
        return None


def _action(given: dict[str, Any]) -> Action | None:
    """Raises: ValueError (a field is not what it must be)."""
    match given.get("action"):
        case "resume":
            return Resume(_whole(given, "after", LARGEST_SEQ))
        case "ping":
            return Ping()
        case "report":
            waits = ("placeholder_ms", "preview_ms", "picture_ms")
            return Report(_ulid(given), *(_whole(given, name, LONGEST_WAIT_MS) for name in waits))
        case "typing":
            return Typing()
        case "visible" if isinstance(given.get("value"), bool):
            return Visible(given["value"])
    return None


def _whole(given: dict[str, Any], name: str, largest: int) -> int | None:
    """A whole number from 0 on, where 3.0 and 3 are the same."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= largest:
        raise ValueError(name)
    return value


def _ulid(given: dict[str, Any]) -> str:
    value = given.get("message_id")
    if not isinstance(value, str) or not re.fullmatch(ULID_PATTERN, value):
        raise ValueError("message_id")
    return value
