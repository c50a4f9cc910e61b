"""Which of the numbers that transactions of one user drew have had their turn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    """Attributes:
    upto: this number and all before it had their turn.
    beyond: those behind it that had theirs before somebody else's.
    """

    upto: int = 0
    beyond: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """How many had their turn."""
        return self.upto + len(self.beyond)

    @property
    def highest(self) -> int:
        return max(self.beyond, default=self.upto)

    def waiting_before(self, number: int) -> int:
        """How many numbers before this one wait still."""
        return max(0, number - 1 - self.upto - sum(one < number for one in self.beyond))

    def and_also(self, *numbers: int) -> Served:
        """The same once these have had their turn."""
        upto, beyond = self.upto, {*self.beyond, *numbers}
        while upto + 1 in beyond:
            upto += 1
        return Served(upto, frozenset(one for one in beyond if one > upto))


NOBODY = Served()
