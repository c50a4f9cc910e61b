"""Removes everything a user has, once the account is marked.

No transaction of the user holds any more. What can still come are uploads of a function that was
painting, and a connection or ticket from a request that was under way: the deletion looks again
when those are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from afterimage.channel import UnifiedChannel
from afterimage.domain import ids, quota
from afterimage.domain.deletions import Deletion
from afterimage.ports.keeping import AccountRows, ChatRows, Edge, UserRows
from afterimage.ports.pictures import CacheTags, PictureFolder, PictureStore
from afterimage.ports.system import Clock
from afterimage.use_cases.end_shares import EndShares

_PAGE = 200  # rows


class EmptyAccount:
    def __init__(
        self,
        channel: UnifiedChannel,
        account: AccountRows,
        chats: ChatRows,
        shares: EndShares,
        folder: PictureFolder,
        pictures: PictureStore,
        edge: Edge,
        tags: CacheTags,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._account = account
        self._chats = chats
        self._shares = shares
        self._folder = folder
        self._pictures = pictures
        self._edge = edge
        self._tags = tags
        self._clock = clock

    def __call__(self, user_id: str, deletion: Deletion, until: datetime) -> bool:
        """Whether nothing is left but the emptied counter row and the counters of today."""
        self._channel.dismiss(user_id)
        # What may still be copied for a link has a deletion of its own, which finds it.
        to_come = self._shares.of_account(user_id, until)
        kept = (deletion.name, *(to_come or ()))
        return to_come is not None and (
            self._remove_files(user_id, until)
            and self._forget_at_the_edge(user_id, deletion)
            and self._remove_chats(user_id, until)
            and all(self._remove(user_id, kind, kept, until) for kind in UserRows)
        )

    def _remove_files(self, user_id: str, until: datetime) -> bool:
        while keys := self._folder.some_keys(ids.image_folder(user_id)):
            if self._clock.now() >= until:
                return False
            self._pictures.delete(keys)
        return True

    def _forget_at_the_edge(self, user_id: str, deletion: Deletion) -> bool:
        """By tag whatever is theirs; by folder what was stored before there were tags."""
        folder, tag = f"{ids.image_folder(user_id)}*", self._tags.user(user_id)
        return self._edge.invalidate(deletion.begun_at.isoformat(), (folder,), (tag,))

    def _remove_chats(self, user_id: str, until: datetime) -> bool:
        while chats := self._account.chats(user_id, _PAGE):
            for chat_id in chats:
                while messages := self._account.messages(user_id, chat_id, _PAGE):
                    if self._clock.now() >= until:
                        return False
                    self._chats.remove_messages(user_id, chat_id, messages)
                self._chats.remove_chat(user_id, chat_id)
        return True

    def _remove(
        self, user_id: str, kind: UserRows, deletions: Sequence[str], until: datetime
    ) -> bool:
        today = quota.day_of(self._clock.now())
        counters = ("quota", "messages", "uploads", "shares")
        kept = (*deletions, *(f"{name}#{today}" for name in counters))
        while self._account.remove_some(user_id, kind, _PAGE, kept):
            if self._clock.now() >= until:
                return False
        return True
