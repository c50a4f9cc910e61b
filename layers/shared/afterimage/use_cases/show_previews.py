"""A picture is shown before it is there: the model's drafts, then a glimpse of the picture itself.

    drafting ── glimpse ──▶ glimpsed ── end ──▶ ended
        └───────────────── end ────────────────────▲

drafting    the newest draft is shown, at most one in a while, by one thread beside the model
glimpsed    the picture itself is posted, also to who connected meanwhile; no draft any more
ended       nothing more is posted

Previews are frames that pass (`passing_frames.py`): none is posted behind the finished picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain.channels import Channel
from afterimage.domain.errors import NoImage
from afterimage.domain.messages import Message
from afterimage.ports.pictures import DecodedPicture, Studio
from afterimage.ports.system import Log, Metrics
from afterimage.posting import Posts
from afterimage.use_cases.passing_frames import PassingFrames

BETWEEN_DRAFTS = timedelta(seconds=1)
_A_MOMENT = timedelta(milliseconds=50)


class _Phase(IntEnum):
    DRAFTING = 0
    GLIMPSED = 1
    ENDED = 2


class ShowPreviews:
    """The previews of one picture.

    Args:
        image_id: of the picture, which is the slot's that it is shown on.
        known: the user's channel as it was when painting began.
        begin: runs work beside the caller's.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        studio: Studio,
        user_id: str,
        message: Message,
        image_id: str,
        known: Future[Channel],
        begin: Callable[[Callable[[], None]], object],
        log: Log,
        metrics: Metrics,
        between_drafts: timedelta = BETWEEN_DRAFTS,
    ) -> None:
        self._channel = channel
        self._studio = studio
        self._user_id = user_id
        self._message = message
        self._image_id = image_id
        self._known = known
        self._begin = begin
        self._log = log
        self._frames = PassingFrames(
            channel, user_id, message.id, "image_generate_preview_failed", log, metrics
        )
        self._pause = between_drafts.total_seconds()
        # All of these change under `_changed` only.
        self._changed = self._frames.changed
        self._phase = _Phase.DRAFTING
        self._waiting: bytes | None = None  # the newest draft that nobody shows yet
        self._is_shown_by_a_thread = False
        self._frame: frames.PreviewFrame | None = None

    # --- Drafts -----------------------------------------------------------------------------

    def draft(self, data: bytes) -> None:
        """Show a draft soon, unless a newer one comes first. Returns at once."""
        with self._changed:
            self._waiting = data
            if self._is_shown_by_a_thread or self._phase is not _Phase.DRAFTING:
                return
            self._is_shown_by_a_thread = True
        self._begin(self._show_drafts)

    def _show_drafts(self) -> None:
        while (data := self._next_draft()) is not None:
            with self._costing_nothing():
                self._show_draft(data)
            with self._changed:
                self._changed.wait_for(lambda: self._phase is not _Phase.DRAFTING, self._pause)

    def _next_draft(self) -> bytes | None:
        with self._changed:
            data, self._waiting = self._waiting, None
            if data is None or self._phase is not _Phase.DRAFTING:
                self._is_shown_by_a_thread = False
                return None
            return data

    def _show_draft(self, data: bytes) -> None:
        frame = self._frame_of(self._studio.decode(data))
        # Seconds have passed and there is no hurry: who is connected is read again.
        connections = self._channel.read(self._user_id).connections
        with self._changed:
            if self._phase is _Phase.DRAFTING:
                self._frames.post(frame, connections)

    # --- The picture ------------------------------------------------------------------------

    def glimpse(self, picture: DecodedPicture) -> None:
        """Begin to post the picture itself; no draft follows. Nobody is looked up for it."""
        self._move_to(_Phase.GLIMPSED)
        with self._costing_nothing():
            frame, connections = self._frame_of(picture), self._connections()
            with self._changed:
                self._frame = frame
                self._frames.post(frame, [*{*connections, *self.begun()}])

    def glimpse_for_newcomers(self, channel: Channel) -> None:
        """The same for who has connected since painting began."""
        with self._costing_nothing(), self._changed:
            if self._frame is not None and self._phase is _Phase.GLIMPSED:
                newcomers = [each for each in channel.connections if each not in self.begun()]
                self._frames.post(self._frame, newcomers)

    def begun(self) -> Posts:
        """Each connection's last post, which may be under way."""
        return self._frames.begun()

    def end(self) -> Posts:
        """Nothing follows, and nobody else is told; each connection's last post, as above."""
        self._move_to(_Phase.ENDED)
        return self.begun()

    def _move_to(self, phase: _Phase) -> None:
        with self._changed:
            self._phase = max(self._phase, phase)
            self._changed.notify_all()

    # --- Both -------------------------------------------------------------------------------

    @contextmanager
    def _costing_nothing(self) -> Iterator[None]:
        with self._frames.costing_nothing():
            try:
                yield
            except NoImage as reason:
                self._log.info("image_generate_draft_unreadable", reason=str(reason))

    def _frame_of(self, picture: DecodedPicture) -> frames.PreviewFrame:
        message = self._message
        shown = picture.preview()
        return frames.preview(message.chat_id, message.id, message.version, self._image_id, shown)

    def _connections(self) -> Sequence[str]:
        """Who was connected; nobody, if finding that out takes so long that it is not known yet."""
        wait([self._known], _A_MOMENT.total_seconds())
        if self._known.done() and self._known.exception() is None:
            return self._known.result().connections
        reason = type(self._known.exception()).__name__ if self._known.done() else "late"
        self._log.warning("image_generate_connections_unknown", reason=reason)
        return ()
