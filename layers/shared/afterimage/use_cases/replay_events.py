"""Brings a client level: every event it missed, in order, each with its row as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterimage import frames
from afterimage.domain.entities import Channel
from afterimage.domain.events import (
    ChatDeleted,
    ChatUpdated,
    Event,
    EventReference,
    ImageDeleted,
    ImageInserted,
    MessageDeleted,
    MessageInserted,
    MessageUpdated,
)
from afterimage.domain.metrics import Metric
from afterimage.ports import Clock, EventLog, ImageUrls, Metrics, RowReader

PAGE = 200


@dataclass(frozen=True)
class Replay:
    """What to send.

    Attributes:
        seq: the client is level with this once it has the frames.
        more: whether it has to ask again from there.
        reset: nothing can be replayed; the client reads a snapshot.
    """

    frames: Sequence[frames.BroadcastFrame]
    seq: int
    more: bool = False
    reset: bool = False


class ReplayEvents:
    def __init__(
        self, log: EventLog, rows: RowReader, urls: ImageUrls, clock: Clock, metrics: Metrics
    ) -> None:
        self._log = log
        self._rows = rows
        self._urls = urls
        self._clock = clock
        self._metrics = metrics

    def __call__(self, channel: Channel, after: int | None) -> Replay:
        """Events with numbers over `after`, at most 200; with None only where the channel is."""
        if after is None or after == channel.seq:
            return Replay((), channel.seq)
        if after > channel.seq:
            return self._reset(channel)
        now = self._clock.now()
        references = self._log.after(channel.user_id, after, PAGE, now)
        run = _unbroken(references, after)
        if not run:
            return self._reset(channel)
        self._metrics.add(Metric.REPLAYS)
        sent = self.frames(channel.user_id, run)
        level = run[-1].seq
        # A run that stops short of its page was broken: what follows is gone.
        return Replay(sent, level, more=level < channel.seq)

    def _reset(self, channel: Channel) -> Replay:
        self._metrics.add(Metric.RESETS)
        return Replay((), channel.seq, reset=True)

    def frames(
        self, user_id: str, references: Sequence[EventReference]
    ) -> list[frames.BroadcastFrame]:
        """The frames of these events, each with its row as it is now."""
        now = self._clock.now()
        events = self._as_they_are_now(user_id, references)
        return [
            frames.broadcast(event, reference.seq, self._urls, now)
            for reference, event in zip(references, events, strict=True)
        ]

    def _as_they_are_now(self, user_id: str, references: Sequence[EventReference]) -> list[Event]:
        messages = {row.id: row for row in self._rows.messages(user_id, _message_keys(references))}
        images = {
            row.id: row
            for row in self._rows.images(user_id, _unique(r.image_id for r in references))
        }
        about_chats = _unique(r.chat_id for r in references if r.name == "chat-update")
        chats = {row.id: row for row in self._rows.chats(user_id, about_chats)}
        events: list[Event] = []
        for reference in references:
            chat_id = reference.chat_id or ""
            if reference.message_id is not None:
                message = messages.get(reference.message_id)
                if message is None:
                    events.append(MessageDeleted(chat_id, reference.message_id))
                elif reference.name == "message-insert":
                    events.append(MessageInserted(message))
                else:
                    events.append(MessageUpdated(message))
            elif reference.image_id is not None:
                image = images.get(reference.image_id)
                gone = ImageDeleted(reference.image_id)
                events.append(gone if image is None else ImageInserted(image))
            elif reference.name == "chat-delete":
                # Also where a new chat has the id by now: the messages of the old one are gone.
                events.append(ChatDeleted(chat_id))
            else:
                chat = chats.get(chat_id)
                events.append(ChatDeleted(chat_id) if chat is None else ChatUpdated(chat))
        return events


def _unbroken(references: Sequence[EventReference], after: int) -> Sequence[EventReference]:
    """The references that follow `after` without a hole and are not too old."""
    length = 0
    for reference in references:
        if reference.seq != after + length + 1 or reference.expired:
            break
        length += 1
    return references[:length]


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
