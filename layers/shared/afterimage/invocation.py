"""The time of the invocation that runs now: whatever is tried again is tried inside it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from afterimage.ports.system import Clock

# Left of an invocation's time when nothing is tried again any more, to say what became of it.
_TIME_TO_SAY_SO = timedelta(seconds=1)


@dataclass(frozen=True)
class Patience:
    """How something is tried again.

    Attributes:
        first_pause, longest_pause: seconds. Pauses double between them, each with full jitter.
        at_most: for how long, should the invocation have so much time.
        keeping: of the invocation's time, for what comes afterwards.
    """

    first_pause: float
    longest_pause: float
    at_most: timedelta
    keeping: timedelta = _TIME_TO_SAY_SO


class Invocation:
    """Until when the function that runs now will be stopped.

    A sandbox runs one invocation at a time, so all of its threads share this one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None

    def begin(self, until: datetime) -> None:
        """Another invocation has begun."""
        self._until = until

    @contextmanager
    def step(self, until: datetime) -> Iterator[None]:
        """A step of it that is to take no longer than this."""
        whole = self._until
        self._until = until if whole is None else min(whole, until)
        try:
            yield
        finally:
            self._until = whole

    def tries(self, patience: Patience) -> Iterator[None]:
        """The first try at once, and others, each after a pause, for as long as there is time."""
        give_up = self.gives_up(patience)
        pause = patience.first_pause
        while True:
            yield
            left = (give_up - self._clock.now()).total_seconds()
            if left <= 0:
                return
            self._clock.sleep(random.uniform(0, min(pause, left)))  # noqa: S311 - jitter
            pause = min(patience.longest_pause, pause * 2)

    def gives_up(self, patience: Patience) -> datetime:
        """When what begins now is tried no more."""
        give_up = self._clock.now() + patience.at_most
        return give_up if self._until is None else min(give_up, self._until - patience.keeping)


def end_of(context: Any) -> datetime:
    """When Lambda will stop the invocation with this context."""
    return datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
