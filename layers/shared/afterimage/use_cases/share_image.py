"""Sharing: one picture gets a link that nobody can guess, and that ends.

claiming    the next number of its sharings, with a deletion that finds what a crash leaves; it
            counts for the day, because its end costs something at the edge
copying     the picture's file, under the name that the number's token gives
sharing     picture, what is shown, and the deletion, now due when the link ends: one transaction

A picture that is shared already keeps its link, which lasts from now on as long as was asked. The
deletion of the picture, or whoever was quicker, is met by the transaction's conditions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterimage.channel import UnifiedChannel
from afterimage.domain import quota
from afterimage.domain.changes import (
    BeginDeletion,
    Change,
    ClaimShare,
    CountShare,
    HideShared,
    SetShare,
    ShowShared,
    Transition,
)
from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.errors import Busy, NotFound, ShareLimit
from afterimage.domain.images import Image
from afterimage.domain.limits import MOST_SHARED_A_DAY
from afterimage.domain.shares import Share, SharedPicture, name_of, shared_key, subject_of
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.shares import SharedFiles, ShareTokens
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.picture_changes import message_of, with_picture

# It may be shared, deleted, or painted beside, while we look.
_TRIES = 4


@dataclass(frozen=True)
class Wish:
    """How somebody wants a picture to be shared.

    Attributes:
        lasts: from now on.
    """

    with_prompt: bool
    lasts: timedelta


class ShareImage:
    """Args:
    one: a picture that its owner is shown; raises NotFound.
    copy_time: how long a function that runs now may still be copying.
    """

    def __init__(
        self,
        channel: UnifiedChannel,
        one: Callable[[str, str], Image],
        messages: MessageReader,
        files: SharedFiles,
        tokens: ShareTokens,
        clock: Clock,
        copy_time: timedelta,
        log: Log,
    ) -> None:
        self._channel = channel
        self._one = one
        self._messages = messages
        self._files = files
        self._tokens = tokens
        self._clock = clock
        self._copy_time = copy_time
        self._log = log

    def __call__(self, user_id: str, image_id: str, wish: Wish) -> Image:
        """The picture as it is shared then. Raises: NotFound, ShareLimit, Busy."""
        for _ in range(_TRIES):
            image = self._one(user_id, image_id)
            try:
                return self._shared(user_id, image, wish)
            except ConditionsFailed as failed:
                if failed.includes(CountShare):
                    wait = quota.seconds_to_reset(self._clock.now())
                    raise ShareLimit(retry_after=wait) from failed
        raise Busy("the picture kept moving")

    def _shared(self, user_id: str, image: Image, wish: Wish) -> Image:
        now = self._clock.now()
        if image.share is not None and image.share.until > now:
            return self._commit(user_id, image, image.share.number, wish)
        claim = self._claim(user_id, image, now)
        number = image.shares_begun + 1
        name = self._name(user_id, image.id, number)
        tag = self._tokens.tag(user_id, image.id, number)
        if not self._files.share(image.key, shared_key(name), tag):
            raise NotFound  # it is being deleted
        return self._commit(user_id, image, number, wish, claim)

    def _claim(self, user_id: str, image: Image, now: datetime) -> Deletion:
        """Holds for an account and a picture that are there; tells nobody."""
        number = image.shares_begun + 1
        claim = _deletion(image.id, number, now, now + self._copy_time)
        counted = CountShare(quota.day_of(now), MOST_SHARED_A_DAY)
        claiming = (ClaimShare(image.id, number), BeginDeletion(claim), counted)
        self._channel.change(user_id, Transition(claiming, ()))
        return claim

    def _commit(
        self, user_id: str, image: Image, number: int, wish: Wish, claim: Deletion | None = None
    ) -> Image:
        now = self._clock.now()
        until = (now + wish.lasts).replace(microsecond=0)
        share = Share(number, until, wish.with_prompt)
        shared = replace(image, share=share, shares_begun=max(number, image.shares_begun))
        ending = _deletion(image.id, number, now, until)
        changes: list[Change] = [
            SetShare(image.id, image.share, share),
            ShowShared(self._shown(user_id, shared, share)),
            BeginDeletion(ending, claim.due_at if claim else None),
        ]
        if image.share is not None and image.share.number != number:
            changes.append(HideShared(self._name(user_id, image.id, image.share.number)))
        message = message_of(self._messages, user_id, image)
        if message is None and image.chat_id is not None:
            raise NotFound  # it goes with its question or its chat
        transition = with_picture(tuple(changes), shared, message)
        delivery = self._channel.change(user_id, transition)
        self._log.info("image_shared", image_id=image.id, number=number)
        self._channel.deliver(delivery)
        return shared

    def _shown(self, user_id: str, image: Image, share: Share) -> SharedPicture:
        return SharedPicture(
            name=self._name(user_id, image.id, share.number),
            until=share.until,
            width=image.width,
            height=image.height,
            color=image.color,
            prompt=image.prompt if share.with_prompt and image.prompt else None,
        )

    def _name(self, user_id: str, image_id: str, number: int) -> str:
        return name_of(self._tokens.token(user_id, image_id, number))


def _deletion(image_id: str, number: int, now: datetime, due_at: datetime) -> Deletion:
    return Deletion(DeletionKind.SHARE, subject_of(image_id, number), now, due_at)
