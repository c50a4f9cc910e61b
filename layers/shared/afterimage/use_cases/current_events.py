"""What an event of the log says today: its row as it is now, or that it is gone.

A deletion is never taken back by a client, so one is said only where it is certain. Rows are read
beside the transactions that write them, and such a read may see the event of a transaction and
not yet its row ("read-committed"). Hence:

- an event that tells of a deletion is one, whatever is seen of the row;
- the rows of an event that has had time to settle are read plainly; what is missing is gone, with
  its chat, by the restore of an older table, or by whatever else;
- the rows of a recent event are read as whole transactions left them. What is missing then is
  gone, and what is there is no older than the event. While that read is turned away, the event
  says nothing yet. This ends: it settles, if only by growing old.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from afterimage.domain.errors import Busy
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    EventReference,
    ImageDeleted,
    ImageInserted,
    ImageUpdated,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.ports.events import RowReader
from afterimage.use_cases.attach import attached, ids_in


class CurrentEvents:
    """Args: plain, settled: the two kinds of `RowReader`."""

    def __init__(self, plain: RowReader, settled: RowReader) -> None:
        self._plain = plain
        self._settled = settled

    def __call__(self, user_id: str, references: Sequence[EventReference]) -> list[Event | None]:
        """One for each reference, in order; None where it says nothing yet."""
        old = [reference for reference in references if not reference.recent]
        recent = [reference for reference in references if reference.recent]
        said = dict(zip(old, _told(self._plain, user_id, old), strict=True))
        with suppress(Busy):
            said |= zip(recent, _told(self._settled, user_id, recent), strict=True)
        return [said.get(reference) for reference in references]

    def settle(self, user_id: str, references: Sequence[EventReference]) -> None:
        """From here on everybody sees these events' rows, and their chats', at least as new.

        Raises:
            Busy: transactions on them are under way.
        """
        _told(self._settled, user_id, references)
        self._settled.chats(user_id, _unique(reference.chat_id for reference in references))


def _told(rows: RowReader, user_id: str, references: Sequence[EventReference]) -> list[Event]:
    found = rows.messages(user_id, _message_keys(references))
    told = [r.image_id for r in references]
    images = {row.id: row for row in rows.images(user_id, _unique((*told, *ids_in(found))))}
    messages = {row.id: attached(row, images) for row in found}
    about_chats = _unique(r.chat_id for r in references if r.name == "chat-update")
    chats = {row.id: row for row in rows.chats(user_id, about_chats)}
    events: list[Event] = []
    for reference in references:
        gone, chat_id = _gone(reference), reference.chat_id or ""
        message = messages.get(reference.message_id or "")
        image = images.get(reference.image_id or "")
        if reference.name == "message-insert" and message is not None:
            events.append(MessageInserted(message))
        elif reference.name == "message-update" and message is not None:
            events.append(MessageUpdated(message))
        elif reference.name == "image-insert" and image is not None:
            events.append(ImageInserted(image))
        elif reference.name == "image-update" and image is not None:
            events.append(ImageUpdated(image))
        elif reference.name == "chat-update" and chat_id in chats:
            events.append(ChatUpdated(chats[chat_id]))
        else:
            # Also where a new chat has the id by now: the messages of the old one are gone.
            events.append(gone)
    return events


def _gone(reference: EventReference) -> Event:
    if reference.message_id is not None:
        return MessageDeleted(reference.chat_id or "", reference.message_id)
    if reference.image_id is not None:
        return ImageDeleted(reference.image_id)
    return ChatDeleted(reference.chat_id or "")


def _message_keys(references: Sequence[EventReference]) -> list[tuple[str, str]]:
    return list(
        dict.fromkeys(
            (reference.chat_id or "", reference.message_id)
            for reference in references
            if reference.message_id is not None
        )
    )


def _unique(ids: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(one for one in ids if one is not None))
