"""Asking again, only where the provider's reference allows it and only inside the time there is.

A picture is never asked for again where the request may have been taken and nothing says that it
was not billed, and a text not where bytes of an answer have come.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from afterimage.adapters.gemini.refusals import Retryable
from afterimage.adapters.gemini.transport import Unanswered
from afterimage.domain.errors import ProviderUnavailable
from afterimage.ports.system import Clock, Log

_FIRST_BACKOFF = 0.5  # seconds, doubled each time, full jitter

ReplyT = TypeVar("ReplyT")


class Retries:
    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log

    def __call__(
        self,
        ask: Callable[[Retryable | None], ReplyT],
        until: datetime,
        *,
        again_once_taken: bool,
    ) -> ReplyT:
        """What `ask` answers, in the end.

        Args:
            ask: gets the reason for which it is asked again; None at first.
            again_once_taken: also where the request was taken, and no byte of an answer came.

        Raises:
            Failure: asking again does not help, or is not allowed.
        """
        before: Retryable | None = None
        retries = 0
        while True:
            try:
                return ask(before)
            except Retryable as retryable:
                before = retryable
            except Unanswered as unanswered:
                failure = ProviderUnavailable(str(unanswered))
                if unanswered.begun or (unanswered.taken and not again_once_taken):
                    raise failure from unanswered
                before = Retryable(failure)
            self._wait_or_give_up(before, retries, until)
            retries += 1

    def _wait_or_give_up(self, reason: Retryable, retries: int, until: datetime) -> None:
        pause = reason.wait
        if pause is None:
            pause = random.uniform(0, _FIRST_BACKOFF * 2**retries)  # noqa: S311 - jitter
        pause = max(pause, reason.at_least * 2**retries)
        if retries >= reason.times or self._clock.now() + timedelta(seconds=pause) >= until:
            raise reason.failure
        self._log.info("gemini_retry", after_s=round(pause, 2), reason=str(reason.failure))
        self._clock.sleep(pause)
