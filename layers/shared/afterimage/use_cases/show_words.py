"""An answer is shown while it is written, and is not written on when nobody wants it any more.

    writing ── end, or somebody else has ended it ──▶ ended

writing    one thread posts what is new, as `domain/deltas.py` says for each connection; another
           looks every two seconds who is connected, and whether the answer is still wanted
ended      nothing more is posted

Neither the model's stream nor a connection waits for the posts of another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from types import TracebackType

from afterimage import frames
from afterimage.channel import UnifiedChannel
from afterimage.domain.deltas import Delta, Progress
from afterimage.domain.messages import Message
from afterimage.domain.metrics import Metric
from afterimage.measured import milliseconds
from afterimage.ports.chats import MessageReader
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.posting import Posts
from afterimage.use_cases.passing_frames import PassingFrames

BETWEEN_LOOKS = timedelta(seconds=2)


class ShowWords:
    """The words of one answer. Implements `ports.models.Words`; a context that ends with it.

    Args:
        message: the answer, as it is stored.
        connections: who was connected when it was stored.
        begin: runs work beside the caller's.

    Attributes:
        unwanted: has ended as soon as the message is no longer as it was.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        messages: MessageReader,
        user_id: str,
        message: Message,
        connections: Sequence[str],
        begin: Callable[[Callable[[], None]], Future[None]],
        clock: Clock,
        log: Log,
        metrics: Metrics,
        between_looks: timedelta = BETWEEN_LOOKS,
    ) -> None:
        self.unwanted: Future[None] = Future()
        self._channel = channel
        self._messages = messages
        self._user_id = user_id
        self._message = message
        self._begin = begin
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._between_looks = between_looks.total_seconds()
        self._frames = PassingFrames(
            channel, user_id, message.id, "llm_handler_words_failed", log, metrics
        )
        # All of these change under `_changed` only.
        self._changed = self._frames.changed
        self._pieces: list[str] = []
        self._length = 0
        self._shown_to = {connection: Progress() for connection in connections}
        self._work: list[Future[None]] = []
        self._has_ended = False

    def __enter__(self) -> ShowWords:
        self._work.append(self._begin(self._look))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        wait([*self.end().values(), *self._work])

    @property
    def text(self) -> str:
        """All that was written so far."""
        with self._changed:
            self._pieces = ["".join(self._pieces)]
            return self._pieces[0]

    def add(self, text: str) -> None:
        with self._changed:
            is_first = not self._pieces
            self._pieces.append(text)
            self._length += len(text)
            self._changed.notify_all()
        if is_first:
            self._work.append(self._begin(self._show))
            if self._message.tries == 1:
                waited = milliseconds(self._message.created_at, self._clock.now())
                self._metrics.add(Metric.WORDS_TIME, waited)

    def end(self) -> Posts:
        """Nothing follows; each connection's last post, which may be under way."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
            return self._frames.begun()

    # --- Showing ----------------------------------------------------------------------------

    def _show(self) -> None:
        with self._frames.costing_nothing(), self._changed:
            while not self._has_ended:
                self._changed.wait(self._post_what_is_due())

    def _post_what_is_due(self) -> float | None:
        """Seconds until something is due again; None if that depends on what happens."""
        now, busy = self._clock.now().timestamp(), self._busy()
        waits = {
            connection: progress.due(self._length, now)
            for connection, progress in self._shown_to.items()
            if connection not in busy
        }
        due = [connection for connection, left in waits.items() if left == 0]
        if due:
            self._post(due, now)
            return 0
        return min((left for left in waits.values() if left < float("inf")), default=None)

    def _busy(self) -> set[str]:
        """Connections whose last post is under way."""
        return {each for each, post in self._frames.begun().items() if not post.done()}

    def _post(self, connections: Sequence[str], now: float) -> None:
        """Connections that are as far as each other get the same frame."""
        text = self.text
        together = defaultdict[Delta, list[str]](list)
        for connection in connections:
            if (delta := self._shown_to[connection].next(text, now, self._fits)) is not None:
                together[delta].append(connection)
        for delta, those in together.items():
            for post in self._frames.post(self._frame(delta), those).values():
                post.add_done_callback(self._wake)

    def _wake(self, _: Future[None]) -> None:
        with self._changed:
            self._changed.notify_all()

    def _frame(self, delta: Delta) -> frames.DeltaFrame:
        message = self._message
        return frames.delta(message.chat_id, message.id, message.version, delta.offset, delta.text)

    def _fits(self, delta: Delta) -> bool:
        return len(delta.text) < frames.MAX_FRAME and frames.fits(self._frame(delta))

    # --- Looking ----------------------------------------------------------------------------

    def _look(self) -> None:
        while not self._ends_within(self._between_looks):
            with self._frames.costing_nothing():
                if self._is_wanted():
                    self._look_who_is_there()
                else:
                    self._log.info("llm_handler_answer_unwanted", message_id=self._message.id)
                    self.end()
                    self.unwanted.set_result(None)

    def _ends_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._has_ended, seconds)

    def _is_wanted(self) -> bool:
        """Whether the message, wherever it stands, is still as it was when the model was asked."""
        message = self._message
        stored = self._messages.get(self._user_id, message.chat_id, message.id)
        if stored is None or not stored.is_still(message):
            return False
        self._message = stored  # whose version its words belong to from now on
        return True

    def _look_who_is_there(self) -> None:
        there = self._channel.read(self._user_id).connections
        with self._changed:
            known = self._shown_to
            self._shown_to = {each: known.get(each) or Progress() for each in there}
            self._changed.notify_all()
