"""`GET /me/export`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from afterimage.domain.chats import Chat
from afterimage.domain.images import Image
from afterimage.domain.ledger import LedgerEntry
from afterimage.domain.messages import Message
from afterimage.domain.usage import usd
from afterimage.http import routes, sizes, taken
from afterimage.http.answers import LedgerView
from afterimage.http.api import Handler, Request, Response
from afterimage.http.routes import Route
from afterimage.ports.channel import ImageUrls
from afterimage.ports.system import Clock
from afterimage.use_cases.export_account import ExportAccount, Kind
from afterimage.views import chat_view, image_view, message_view, timestamp

# A page ends with these, too, not with its bytes alone.
_ROWS = 1_000
_TIME = timedelta(seconds=5)


@dataclass(frozen=True)
class ExportRoutes:
    """Everything of one's own, to be taken along."""

    export: ExportAccount
    urls: ImageUrls
    clock: Clock

    def handlers(self) -> dict[Route, Handler]:
        """Each route with what answers it."""
        return {routes.EXPORT_ME: self.take}

    def take(self, request: Request) -> Response:
        """200 with a page of it. Raises: Invalid (the cursor)."""
        query = request.query(taken.ExportQuery)
        page: dict[str, Any] = {kind.value: [] for kind in Kind}
        cursor, left, until = None, sizes.LARGEST_LIST, self.clock.now() + _TIME
        for number, one in enumerate(self.export(request.user_id, query.cursor)):
            view = self._view(one.row)
            left -= sizes.weight(view)
            is_full = left < 0 or number == _ROWS or self.clock.now() >= until
            if is_full and cursor is not None:  # at least one row, so that it goes on
                return Response({**page, "next_cursor": cursor})
            page[one.kind].append(view)
            cursor = one.cursor
        return Response({**page, "next_cursor": None})

    def _view(self, row: Chat | Message | Image | LedgerEntry) -> Any:
        match row:
            case Chat():
                return chat_view(row)
            case Message():
                return message_view(row, self.urls, self.clock.now())
            case Image():
                return image_view(row, self.urls)
            case LedgerEntry():
                return _ledger_view(row)


def _ledger_view(entry: LedgerEntry) -> LedgerView:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "created_at": timestamp(entry.created_at) if entry.created_at else None,
        "ended_at": timestamp(entry.ended_at) if entry.ended_at else None,
        "status": entry.status,
        "chat_id": entry.chat_id,
        "message_id": entry.message_id,
        "prompt": entry.prompt,
        "model": entry.model,
        "image_size": entry.image_size,
        "pictures": entry.pictures,
        "cost_usd": None if entry.nano_usd is None else usd(entry.nano_usd),
        "error_code": entry.error_code,
        "sha256": entry.sha256,
        "used": entry.used,
    }
