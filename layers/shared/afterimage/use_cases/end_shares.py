"""What goes with its chat or its account takes its links along, before anything else of it goes.

A sharing that has been claimed and not shared may still be copied by its function: its deletion
stays, and is due soon.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from afterimage.domain.deletions import Deletion, DeletionKind
from afterimage.domain.shares import image_and_number, name_of, shared_key
from afterimage.ports.keeping import DeletionStore, Edge
from afterimage.ports.pictures import PictureStore
from afterimage.ports.shares import ShareRows, ShareTokens
from afterimage.ports.system import Clock

_AT_ONCE = 100  # paths of one invalidation


class EndShares:
    """Args: copy_time: how long a function that runs now may still be copying."""

    def __init__(
        self,
        deletions: DeletionStore,
        shares: ShareRows,
        tokens: ShareTokens,
        pictures: PictureStore,
        edge: Edge,
        clock: Clock,
        copy_time: timedelta,
    ) -> None:
        self._deletions = deletions
        self._shares = shares
        self._tokens = tokens
        self._pictures = pictures
        self._edge = edge
        self._clock = clock
        self._copy_time = copy_time

    def of_pictures(self, user_id: str, image_ids: Collection[str], until: datetime) -> bool:
        """Whether nobody is shown one of these pictures any more."""
        all_of_them = self._deletions.of_kind(user_id, DeletionKind.SHARE)
        theirs = [one for one in all_of_them if image_and_number(one.subject)[0] in image_ids]
        return self._end(user_id, theirs, until)

    def of_account(self, user_id: str, until: datetime) -> Sequence[str] | None:
        """Names of deletions that are still to come; None if time was too short for the others."""
        found = self._deletions.of_kind(user_id, DeletionKind.SHARE)
        if not found:
            return ()
        ended = self._end(user_id, found, until)
        left = self._deletions.of_kind(user_id, DeletionKind.SHARE)
        return [one.name for one in left] if ended else None

    def _end(self, user_id: str, deletions: Sequence[Deletion], until: datetime) -> bool:
        for some in (deletions[i : i + _AT_ONCE] for i in range(0, len(deletions), _AT_ONCE)):
            if self._clock.now() >= until or not self._end_some(user_id, some):
                return False
        return True

    def _end_some(self, user_id: str, some: Sequence[Deletion]) -> bool:
        which = [(user_id, *image_and_number(one.subject)) for one in some]
        names = [name_of(self._tokens.token(*one)) for one in which]
        self._shares.remove(names)
        self._pictures.delete([shared_key(name) for name in names])
        tags = [self._tokens.tag(*one) for one in which]
        if not self._edge.invalidate(",".join(one.subject for one in some), (), tags):
            return False
        copied_by = self._clock.now() + self._copy_time
        for one in some:
            if one.due_at > copied_by:
                self._deletions.finished(user_id, one)
        return True
