"""What a connection is posted of a text while it is written: often enough, and no more than that.

Each post holds what is new, or, once a second has passed since it was held last, the whole text so
far, so that who came later or missed a post has it all, too. Offsets count Unicode code points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Seconds and code points.
BETWEEN_POSTS, ENOUGH_NEWS = 0.1, 160
AT_LEAST_EVERY, WHOLE_AFTER = 2.0, 1.0
LONGEST_PIECE = 5_000  # fits a frame of 32 KB however it is escaped


@dataclass(frozen=True)
class Delta:
    """A piece of a text, and where it begins."""

    offset: int
    text: str


class Progress:
    """How far one connection has been posted a text that grows. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._posted = 0  # code points
        self._whole = 0  # of the last post that began at 0
        self._posted_at = self._whole_at = float("-inf")
        self._wholes_fit = True

    def due(self, length: int, now: float) -> float:
        """Seconds until the next post; 0 if it is time, infinity while there is nothing to post."""
        soonest, at = self._posted_at + BETWEEN_POSTS, float("inf")
        news = length - self._posted
        if news >= ENOUGH_NEWS or (news and not self._posted):
            at = soonest
        elif news:
            at = self._posted_at + AT_LEAST_EVERY
        if self._wholes_fit and length > self._whole:
            at = min(at, max(soonest, self._whole_at + AT_LEAST_EVERY))
        return max(0.0, at - now)

    def next(self, text: str, now: float, fits: Callable[[Delta], bool]) -> Delta | None:
        """What is posted now; None if there is nothing.

        Args:
            text: all that has been written so far.
            fits: whether a frame can hold it.
        """
        delta = Delta(0, text)
        self._wholes_fit = self._wholes_fit and fits(delta)
        if self._wholes_fit and now - self._whole_at >= WHOLE_AFTER:
            self._whole, self._whole_at = len(text), now
        else:
            delta = Delta(self._posted, text[self._posted : self._posted + LONGEST_PIECE])
        if not delta.text:
            return None
        self._posted, self._posted_at = delta.offset + len(delta.text), now
        return delta
