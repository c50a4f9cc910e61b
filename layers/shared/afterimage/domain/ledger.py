"""The ledger as its owner reads it: what was painted and brought, and what each day has counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    PICTURE = "picture"  # one try to paint one
    UPLOAD = "upload"
    DAY = "day"  # a counter, which goes eight days after its day began


@dataclass(frozen=True)
class LedgerEntry:
    """One row; what its kind does not have is None.

    Attributes:
        id: of the picture, or the counter's name with its day, as in `messages#2026-11-29`.
        pictures: what it took of the day's limit.
        nano_usd: what calls of models have cost, in billionths of a US dollar.
        sha256: of the bytes as they were brought.
        used: what the counter counts.
    """

    id: str
    kind: EntryKind
    created_at: datetime | None = None
    ended_at: datetime | None = None
    status: str | None = None
    chat_id: str | None = None
    message_id: str | None = None
    prompt: str | None = None
    model: str | None = None
    image_size: str | None = None
    pictures: int | None = None
    nano_usd: int | None = None
    error_code: str | None = None
    sha256: str | None = None
    used: int | None = None
