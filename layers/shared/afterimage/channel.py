"""The unified channel: every change of a user's data is one numbered transaction, then posted.

`change` commits, `deliver` posts. Between them nothing can be lost: what a connection
misses, it finds by the gap in `seq` and reads again by `resume`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from afterimage import frames
from afterimage.domain import endings, turns
from afterimage.domain.changes import Change, RefundImage, ReturnCall, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted, Busy, TooManyOpen
from afterimage.domain.jobs import Job
from afterimage.domain.metrics import Metric, ending, success
from afterimage.domain.web_push import notice_of
from afterimage.invocation import Invocation, Patience
from afterimage.place import Place
from afterimage.ports.channel import ChannelStore, ConditionsFailed, ImageUrls, LostRace, Push
from afterimage.ports.system import Clock, Log, Metrics
from afterimage.ports.web_push import Teller
from afterimage.posting import NOTHING_POSTED, POST_WITHIN, Poster, Posts

_HEAD_START = timedelta(milliseconds=30)  # of the last posts, before anything is read beside them
_MOMENT = timedelta(milliseconds=2)  # the same of others, until they are on their way
_CLOSED_IN_PASSING = 2  # of the connections that have ended, so that no change pays for many
# A transaction that loses repeats, in its turn (`place.py`). The pauses are for those who lose all
# the same, to one that has just come.
_PATIENCE = Patience(
    first_pause=0.01,
    longest_pause=0.16,
    at_most=timedelta(seconds=20),
    keeping=POST_WITHIN + timedelta(seconds=1),  # what is committed is posted, too
)
# What an ending gives back to a day.
_GIVES_BACK = (RefundImage, ReturnCall)


class Turns(Protocol):
    """Who waits for the painter, and begins as soon as there is room."""

    def taken(self, channel: Channel, transition: Transition) -> Transition:
        """The transition, and with it the turn of everybody for whom it makes room."""

    def start(self, user_id: str, job: Job) -> None:
        """Hand a job to the painter whose turn has come. Never raises: the sweep looks again."""


@dataclass(frozen=True)
class Delivery:
    """One committed transition, its frames, and who was connected when it was begun."""

    channel: Channel
    transition: Transition
    frames: tuple[str, ...]


class UnifiedChannel:
    """Commits transitions and posts their frames to all of a user's connections.

    Args:
        executor: posts to connections side by side.
        turns: whose picture begins where another one has ended.
        teller: tells browsers that nobody looks at; None where no answer ends.
    """

    def __init__(
        self,
        store: ChannelStore,
        push: Push,
        urls: ImageUrls,
        clock: Clock,
        executor: Executor,
        log: Log,
        metrics: Metrics,
        invocation: Invocation,
        turns: Turns,
        teller: Teller | None = None,
    ) -> None:
        self._store = store
        self._urls = urls
        self._clock = clock
        self._executor = executor
        self._log = log
        self._metrics = metrics
        self._invocation = invocation
        self._turns = turns
        self._posts = Poster(store, push, clock, executor, log, metrics)
        self._teller = teller

    def read(self, user_id: str) -> Channel:
        """The channel as it stands, strongly consistent."""
        return self._store.read(user_id)

    @contextmanager
    def reading(self, user_id: str) -> Iterator[Future[Channel]]:
        """The same beside other reads; it has ended when the block does."""
        channel = self._executor.submit(self._store.read, user_id)
        try:
            yield channel
        finally:
            wait([channel])

    def change(
        self,
        user_id: str,
        wanted: Transition | Callable[[Channel], Transition],
        channel: Channel | None = None,
    ) -> Delivery:
        """Apply a transition, repeating while others of the same user come first.

        Args:
            wanted: the transition, or what makes it of the channel as it is read for each try.
            channel: a read made beforehand, to save the first round trip.

        Raises:
            ConditionsFailed: a change's own condition does not hold; nothing was applied. A
                refund's alone is left out, and logged.
            TooManyOpen: the transition would open more messages than allowed.
            AccountDeleted: the account is gone.
            Busy: others came first for twenty seconds, or for as long as the function has time.
        """
        until = self._invocation.gives_up(_PATIENCE)
        place = Place(self._store, self._clock, user_id, until)
        try:
            return self._commit(place, wanted, channel)
        except (ConditionsFailed, TooManyOpen):
            place.give_up()
            raise

    def _commit(
        self,
        place: Place,
        wanted: Transition | Callable[[Channel], Transition],
        channel: Channel | None,
    ) -> Delivery:
        lost: LostRace | None = None
        for _ in self._invocation.tries(_PATIENCE):
            channel = channel or place.read()
            proposed = wanted if isinstance(wanted, Transition) else wanted(channel)
            _check(channel, proposed)
            transition = self._turns.taken(channel, proposed)
            # Encoded before: what could not be told is not committed.
            delivery = Delivery(channel, transition, self._frames(channel.seq, transition))
            try:
                self._store.commit(channel, transition, self._clock.now(), place.served(channel))
            except LostRace as error:
                place.lost_to_others(channel)
                lost, channel = error, None
            except ConditionsFailed as failed:
                if not all(isinstance(change, _GIVES_BACK) for change in failed.changes):
                    raise
                # The day's counter is gone or at 0. An answer ends all the same.
                self._log.warning("channel_refund_lost", refused=str(failed))
                return self._commit(place, _without(proposed, failed.changes), channel)
            else:
                self._count_endings(transition)
                return delivery
        raise Busy("lost every race for the channel") from lost

    def deliver(
        self, delivery: Delivery, after: Posts = NOTHING_POSTED, *, is_last: bool = False
    ) -> Channel | None:
        """Post frames to everyone connected, including who connected meanwhile.

        Some of those whose time is over are closed and forgotten beside it.

        A connection that is gone or deaf is closed and forgotten; it comes back by `resume`. One
        that missed a frame for another reason stays: its client finds the gap by the next frame,
        pong or poll. Nothing here raises: posting never breaks the work.

        The jobs whose turn has come with the change are handed to the painter beside the posts. Of
        an answer that has ended browsers are told behind them: who is gone is forgotten by then.

        Args:
            after: posts under way; no connection gets these frames before its own has ended.
            is_last: nothing of the caller's follows, so that the posts need share nothing with the
                reading of who came meanwhile, which then begins behind them.

        Returns:
            The channel as it was read for who came meanwhile; None if it was not.
        """
        if not delivery.frames:
            return None
        user_id, known = delivery.channel.user_id, delivery.channel.connections
        begun = [
            self._executor.submit(self._turns.start, user_id, job)
            for job in turns.begun_in(delivery.transition)
        ]
        posts = list(self._posts.begin(user_id, known, delivery.frames, after).values())
        # A slow one does not keep the newcomers.
        wait(posts, (_HEAD_START if is_last else _MOMENT).total_seconds())
        now = self._read_again(user_id)
        newcomers = [each for each in now.connections if each not in known] if now else []
        posts += self._posts.begin(user_id, newcomers, delivery.frames, after).values()
        ended = delivery.channel.ended[:_CLOSED_IN_PASSING]
        wait([*begun, *posts, *self._posts.begin_to_close(user_id, ended)])
        self._tell_browsers(delivery, now or delivery.channel)
        return now

    def post_again(self, user_id: str, again: Sequence[frames.BroadcastFrame]) -> None:
        """Post frames of events that were committed earlier to everyone connected now."""
        texts = tuple(frames.encode(frame) for frame in again)
        self._post_to_all(self._store.read(user_id), texts)

    def pass_on(
        self,
        user_id: str,
        connections: Sequence[str],
        frame: frames.PassingFrame,
        after: Posts = NOTHING_POSTED,
    ) -> Posts:
        """Begin to post a frame that has no number and may be lost; the posts under way."""
        return self._posts.begin(user_id, connections, (frames.encode(frame),), after)

    def dismiss(self, user_id: str) -> None:
        """Tell everyone connected that the account is gone, and close and forget them."""
        channel = self._store.read(user_id)
        told = frames.account_deleted(channel.seq)
        self._post_to_all(channel, (frames.encode(told),))
        wait(self._posts.begin_to_close(user_id, (*channel.connections, *channel.ended)))

    def _post_to_all(self, channel: Channel, texts: Sequence[str]) -> None:
        user_id, connections = channel.user_id, channel.connections
        wait(self._posts.begin(user_id, connections, texts, NOTHING_POSTED).values())

    def _count_endings(self, transition: Transition) -> None:
        """Every end of an answer passes here once, whoever ends it."""
        for event in transition.events:
            if endings.tells_of_an_end(event, transition):
                ended = ending(event.message)
                self._metrics.add(ended)
                if (share := success(ended)) is not None:
                    self._metrics.add(Metric.SUCCESS, share)

    def _tell_browsers(self, delivery: Delivery, now: Channel) -> None:
        """Args: now: the channel as it was read last, with browsers that asked for it meanwhile."""
        if self._teller is None or not now.told:
            return
        for event in delivery.transition.events:
            if endings.tells_of_an_end(event, delivery.transition):
                notice = notice_of(event.message, self._clock.now())
                if notice is not None:
                    self._teller.tell(now.user_id, notice)

    def _frames(self, seq: int, transition: Transition) -> tuple[str, ...]:
        now = self._clock.now()
        return tuple(
            frames.encode(frames.broadcast(event, seq + number, self._urls, now))
            for number, event in enumerate(transition.events, start=1)
        )

    def _read_again(self, user_id: str) -> Channel | None:
        try:
            return self._store.read(user_id)
        except Exception:  # noqa: BLE001 - the change is made; a newcomer resumes by its seq
            self._log.exception("channel_reread_failed")
            self._metrics.add(Metric.DEFECTS)
            return None


def _without(transition: Transition, refused: Sequence[Change]) -> Transition:
    kept = [change for change in transition.changes if change not in refused]
    return replace(transition, changes=tuple(kept))


def _check(channel: Channel, transition: Transition) -> None:
    if channel.deleted:
        raise AccountDeleted
    limit = transition.open_limit
    if limit is not None and channel.open_messages + transition.opens > limit:
        raise TooManyOpen
