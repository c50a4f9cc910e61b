"""An account is deleted: refused everywhere at once, everything it has soon after."""

from __future__ import annotations

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import BeginDeletion, CloseAccount, Transition
from afterimage.domain.deletions import ACCOUNT_REFUSED_FOR, Deletion, DeletionKind
from afterimage.domain.errors import AccountDeleted
from afterimage.ports.keeping import DeletionStarter
from afterimage.ports.system import Clock, Log


class DeleteAccount:
    def __init__(
        self, channel: UnifiedChannel, starter: DeletionStarter, clock: Clock, log: Log
    ) -> None:
        self._channel = channel
        self._starter = starter
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str) -> None:
        """Mark it, tell and close every connection, and have it finished.

        From the mark on no transaction of this user holds. Asked for again, nothing happens.
        """
        now = self._clock.now()
        deletion = Deletion.now(DeletionKind.ACCOUNT, "", now)
        closing = CloseAccount(now, now + ACCOUNT_REFUSED_FOR)
        try:
            self._channel.change(user_id, Transition((closing, BeginDeletion(deletion)), ()))
        except AccountDeleted:
            return
        self._log.info("account_deleted")
        self._channel.dismiss(user_id)
        self._starter.start(user_id, deletion)
