"""A question goes with its answer, its pictures, and what is under way of it: one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.changes import Change, Transition
from afterimage.domain.events import Event
from afterimage.domain.tries import jobs_of
from afterimage.domain.versions import Pair
from afterimage.ports.jobs import JobStore
from afterimage.ports.shares import ShareTokens
from afterimage.ports.system import Clock
from afterimage.use_cases.end_share import share_of


class RemovePair:
    """Args: upload_time: how long a function that runs now may still upload."""

    def __init__(
        self,
        channel: UnifiedChannel,
        jobs: JobStore,
        tokens: ShareTokens,
        clock: Clock,
        upload_time: timedelta,
    ) -> None:
        self._channel = channel
        self._jobs = jobs
        self._tokens = tokens
        self._clock = clock
        self._upload_time = upload_time

    def __call__(
        self,
        user_id: str,
        pair: Pair,
        also: tuple[Change, ...] = (),
        told: tuple[Event, ...] = (),
    ) -> Transition:
        """Remove its rows and tell everybody; links end, and what is left of files is noted.

        Args:
            also: further changes of the same transaction.
            told: what they are told by, behind the others.

        Raises:
            ConditionsFailed: something of it has moved.
            AccountDeleted, Busy: as of `UnifiedChannel.change`.
        """
        now = self._clock.now()
        jobs = self._jobs.some(user_id, jobs_of(pair.answer))
        removed = endings.remove_pair(pair, jobs, now, purge_at=now + self._upload_time)
        links = [share_of(one, self._tokens, user_id, self._clock) for one in pair.answer.images]
        changes = (*removed.changes, *(change for link in links for change in link), *also)
        whole = replace(removed, changes=changes, events=(*removed.events, *told))
        self._channel.deliver(self._channel.change(user_id, whole))
        return whole
