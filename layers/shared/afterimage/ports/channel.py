"""What the unified channel needs: its store, the sockets, and addresses for pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from afterimage.domain.errors import AfterimageError
from afterimage.domain.served import Served

if TYPE_CHECKING:  # who only reads does without them
    from afterimage.domain.changes import Change, Counting, Transition
    from afterimage.domain.channels import Channel


class LostRace(AfterimageError):
    """Another transaction of the same user came first; read again and repeat."""


class ConditionsFailed(AfterimageError):
    """A transaction was not applied because these changes' own conditions do not hold.

    Attributes:
        counted: what the day had counted already, of each change among them that counts.
    """

    def __init__(
        self, changes: Sequence[Change], counted: Mapping[Counting, int] = MappingProxyType({})
    ) -> None:
        super().__init__(", ".join(type(change).__name__ for change in changes))
        self.changes = tuple(changes)
        self.counted = counted

    def includes(self, kind: type[Change]) -> bool:
        """Whether a change of this kind is among those that failed."""
        return any(isinstance(change, kind) for change in self.changes)


class ChannelStore(Protocol):
    def read(self, user_id: str) -> Channel:
        """Counter and connections, strongly consistent, in one round trip.

        Of an account that was deleted so long ago that it is no longer refused, nothing is left.
        """

    def commit(
        self, channel: Channel, transition: Transition, now: datetime, served: Served | None = None
    ) -> None:
        """Apply all of it, or nothing, if `seq` is still `channel.seq`.

        Args:
            served: the numbers that have then had their turn; None changes nothing of it.

        Raises:
            ConditionsFailed: a change's own condition does not hold.
            AccountDeleted: the user's account has been deleted, and is refused still.
            LostRace: somebody else came first; worth repeating from `read`.
        """

    def draw(self, channel: Channel, now: datetime) -> int:
        """The next number of those who wait to commit, larger than any that was served."""

    def serve(self, user_id: str, number: int) -> None:
        """A number had its turn, without a commit."""

    def forget(self, user_id: str, connection_id: str) -> None:
        """Remove a connection; nothing happens if it is gone already."""


class Push(Protocol):
    def post(self, connection_id: str, frames: Sequence[str], until: datetime) -> bool:
        """Send frames in order; False if the connection is gone or deaf. Never raises.

        True does not say that all have arrived: what could not be sent, and what stood behind
        it, is dropped and counted.
        """

    def close(self, connection_id: str) -> None:
        """End a connection; nothing happens if it is gone already. Never raises."""


class ImageUrls(Protocol):
    def url(self, key: str) -> str:
        """A signed, expiring URL for an S3 key."""
