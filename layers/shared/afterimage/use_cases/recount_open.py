"""Puts right a number of open answers that is off, at most once a day for each user.

Nothing writes a wrong one: what opens or ends an answer adds to it in the same transaction. A table
that was restored, or a hand that wrote there, may leave one; and each answer too many would cost
its user one of those they may have under way, for good.
"""

from __future__ import annotations

from datetime import datetime

from afterimage.channel import UnifiedChannel
from afterimage.domain.changes import CorrectOpen, Transition
from afterimage.domain.channels import Channel
from afterimage.domain.errors import AccountDeleted
from afterimage.domain.metrics import Metric
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.chats import MessageReader
from afterimage.ports.keeping import DueIndex
from afterimage.ports.system import Clock, Log, Metrics

PARTS = 24 * 60  # of all users: one a minute, so that each comes once a day
# The index follows the rows within a moment. What is off is looked at again after a longer one.
_A_WHILE_S = 5.0


class RecountOpen:
    """One part of all users, by the minute of the day."""

    def __init__(
        self,
        channel: UnifiedChannel,
        index: DueIndex,
        messages: MessageReader,
        clock: Clock,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._index = index
        self._messages = messages
        self._clock = clock
        self._log = log
        self._metrics = metrics

    def __call__(self, until: datetime) -> None:
        """Args: until: when to stop looking for more."""
        now = self._clock.now()
        for user_id in self._index.users_with_open(now.hour * 60 + now.minute, PARTS):
            if self._clock.now() >= until:
                return
            self._recount(user_id)

    def _recount(self, user_id: str) -> None:
        read, counted = self._look(user_id)
        if read.deleted or read.open_messages == counted:
            return
        self._clock.sleep(_A_WHILE_S)
        again, counted_again = self._look(user_id)
        if (again.seq, again.open_messages, counted_again) != (
            read.seq,
            read.open_messages,
            counted,
        ):
            return  # they are at it now; tomorrow is another day
        correction = CorrectOpen(again.open_messages, counted)
        try:
            self._channel.change(user_id, Transition((correction,), ()), again)
        except (ConditionsFailed, AccountDeleted):
            return
        self._log.warning("keeper_open_corrected", was=correction.was, counted=counted)
        self._metrics.add(Metric.OPEN_CORRECTED)

    def _look(self, user_id: str) -> tuple[Channel, int]:
        """The counter, and how many answers are open by their own rows."""
        keys = list(self._index.open_of(user_id))
        found = (self._messages.get(user_id, key.chat_id, key.message_id) for key in keys)
        counted = sum(1 for message in found if message is not None and message.is_open)
        return self._channel.read(user_id), counted
