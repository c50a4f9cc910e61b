"""Second thoughts: cancel, retry, and a message after a pause."""

import time
from collections.abc import Iterator

from tests.aws_smoke.rows import Check, Skipped, Wrong
from tests.aws_smoke.visit import Visit, is_end_of, is_placeholder
from tests.support.channel_client import is_event, is_update

_WISH = "Paint a lighthouse at night."
_PING_S = 240.0  # API Gateway closes a socket that was quiet for ten minutes


class SecondThoughts:
    """What people do who change their mind, or go away for a while.

    Args:
        pause: seconds to wait before the last message, so that sandboxes freeze; 0: no such step.
    """

    def __init__(self, visit: Visit, pause: float) -> None:
        self._visit = visit
        self._pause = pause

    def checks(self) -> Iterator[Check]:
        """In the order of the visit."""
        yield Check("client: cancel", self.cancel)
        yield Check("client: retry, cancelled again", self.retry)
        yield Check("client: a message after a pause", self.after_a_pause)

    def cancel(self) -> str:
        """An answer is cancelled while the model thinks about it."""
        self._visit.unless_rejected()
        tab = self._visit.channel()
        self._visit.ask(_WISH)
        self._visit.answer = tab.until(is_placeholder)["payload"]["message"]
        self._visit.cancel()
        tab.until(is_update("cancelled"))
        self._visit.response()
        return f"after {self._visit.waited():.1f} s"

    def retry(self) -> str:
        """It is tried again, and cancelled again, now while it is painted."""
        self._visit.unless_rejected()
        if self._visit.needed(self._visit.answer, "no answer")["meta"]["status"] != "cancelled":
            raise Skipped("no answer was cancelled")
        status = self._visit.click("retry")["meta"]["status"]
        if status not in ("thinking", "generating"):
            raise Wrong(f"tried again, it is {status}")
        self._visit.cancel()
        used = self._visit.http().get("/usage").raise_for_status().json()["used"]
        # A picture that was already being painted counts: the provider may be paid.
        return f"usage says {used} of the day"

    def after_a_pause(self) -> str:
        """What sandboxes kept open while they were frozen does no harm."""
        if not self._pause:
            raise Skipped("PAUSE=360 waits so many seconds before one more message")
        self._visit.unless_rejected()
        tab = self._visit.channel()
        left = self._pause
        while left > 0:
            time.sleep(min(_PING_S, left))
            left -= _PING_S
            tab.send({"action": "ping"})
            tab.until(is_event("pong"))
        self._visit.ask("Say hello.")
        answer_id = tab.until(is_placeholder)["payload"]["message"]["id"]
        placeholder = self._visit.waited()
        tab.until(lambda frame: is_end_of(answer_id, frame))
        self._visit.response()
        return f"placeholder after {placeholder:.2f} s, answer after {self._visit.waited():.1f} s"
