"""Goes on with the deletion of a question: what is left of its versions is removed pair by pair."""

from __future__ import annotations

from datetime import datetime

from afterimage.domain.deletions import Deletion, chat_and_line
from afterimage.domain.errors import AccountDeleted
from afterimage.ports.channel import ConditionsFailed
from afterimage.ports.system import Clock, Log
from afterimage.use_cases.read_line import ReadLine
from afterimage.use_cases.remove_pair import RemovePair


class EmptyLine:
    def __init__(self, lines: ReadLine, remove: RemovePair, clock: Clock, log: Log) -> None:
        self._lines = lines
        self._remove = remove
        self._clock = clock
        self._log = log

    def __call__(self, user_id: str, deletion: Deletion, until: datetime) -> bool:
        """Whether nothing of the line is left."""
        chat_id, line = chat_and_line(deletion.subject)
        for pair in self._lines(user_id, chat_id, line).pairs:
            if self._clock.now() >= until:
                return False
            try:
                self._remove(user_id, pair)
            except AccountDeleted:
                return False  # then it goes with everything else
            except ConditionsFailed as moved:
                self._log.info("keeper_pair_not_removed", refused=str(moved))
                return False
        return True
