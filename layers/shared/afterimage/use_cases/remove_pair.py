"""A question goes with its answer, its pictures, and what is under way of it: one transaction.

Links to its pictures end by one of their own before it. With sixteen of them, and the records of
five tries, both together would be more than the hundred items that DynamoDB takes in one. What dies
between them leaves the question without its links, and is done by whoever removes it next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import endings
from afterimage.domain.changes import Change, ReplaceMessage, SetShare, Transition
from afterimage.domain.events import Event, ImageUpdated, MessageUpdated
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
    ) -> Transition | None:
        """Remove its rows and tell everybody; what is left of files is noted.

        Args:
            also: further changes of the transaction that removes it.
            told: what they are told by, behind the others.

        Returns:
            What has ended its links, if it had any.

        Raises:
            ConditionsFailed: something of it has moved.
            AccountDeleted, Busy: as of `UnifiedChannel.change`.
        """
        unshared, pair = self._without_links(user_id, pair)
        now = self._clock.now()
        jobs = self._jobs.some(user_id, jobs_of(pair.answer))
        removed = endings.remove_pair(pair, jobs, now, purge_at=now + self._upload_time)
        changes, events = (*removed.changes, *also), (*removed.events, *told)
        self._commit(user_id, replace(removed, changes=changes, events=events))
        return unshared

    def _without_links(self, user_id: str, pair: Pair) -> tuple[Transition | None, Pair]:
        """What has ended the links to its pictures, if there are any; and the pair since then."""
        shared = [image for image in pair.answer.images if image.share is not None]
        if not shared:
            return None, pair
        alone = [replace(image, share=None) for image in shared]
        answer = pair.answer.with_images(alone)
        ended: list[Change] = [ReplaceMessage(answer, pair.answer.version)]
        for image in shared:
            ended.append(SetShare(image.id, image.share, None))
            ended += share_of(image, self._tokens, user_id, self._clock)
        told: list[Event] = [ImageUpdated(image) for image in alone]
        unshared = Transition(tuple(ended), (*told, MessageUpdated(answer)))
        self._commit(user_id, unshared)
        return unshared, replace(pair, answer=answer)

    def _commit(self, user_id: str, transition: Transition) -> None:
        self._channel.deliver(self._channel.change(user_id, transition))
