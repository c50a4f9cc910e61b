"""Everything of a user, in memory."""

from __future__ import annotations

from collections.abc import Iterator

from afterimage.domain.chats import Chat
from afterimage.domain.ledger import EntryKind, LedgerEntry
from tests.support.in_memory import InMemoryTables


class InMemoryExport:
    """Implements `ExportReader`."""

    def __init__(self, tables: InMemoryTables) -> None:
        self._rows = tables.rows

    def chats(self, user_id: str, after: str | None) -> Iterator[Chat]:
        mine = sorted(key for key in self._rows.chats if key[0] == user_id)
        return iter(
            self._rows.chats[key]
            for key in mine
            if key not in self._rows.deleting and key[1] > (after or "")
        )

    def ledger(self, user_id: str, after: str | None) -> Iterator[LedgerEntry]:
        entries = [*self._pictures(user_id), *self._uploads(user_id), *self._days(user_id)]
        return iter(sorted((one for one in entries if one.id > (after or "")), key=lambda e: e.id))

    def _pictures(self, user_id: str) -> Iterator[LedgerEntry]:
        for (user, _), job in self._rows.jobs.items():
            if user == user_id:
                yield LedgerEntry(
                    job.id,
                    EntryKind.PICTURE,
                    created_at=job.created_at,
                    ended_at=job.ended_at,
                    status=job.status.value,
                    chat_id=job.chat_id,
                    message_id=job.message_id,
                    prompt=job.prompt,
                    model=job.model,
                    image_size=job.image_size,
                    pictures=job.pictures,
                    nano_usd=job.cost_nano_usd or None,
                    error_code=job.error_code,
                )

    def _uploads(self, user_id: str) -> Iterator[LedgerEntry]:
        for (user, _), upload in self._rows.uploads.items():
            if user == user_id:
                yield LedgerEntry(
                    upload.id,
                    EntryKind.UPLOAD,
                    created_at=upload.created_at,
                    status=upload.status.value,
                    sha256=upload.sha256,
                )

    def _days(self, user_id: str) -> Iterator[LedgerEntry]:
        for (user, counter), used in self._rows.used.items():
            if user == user_id:
                yield LedgerEntry(counter, EntryKind.DAY, used=used)
