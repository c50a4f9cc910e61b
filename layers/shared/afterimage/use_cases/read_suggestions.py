"""What may be asked, and what there is of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from afterimage.domain.stock import Shelf
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.ports.stock import StockReader


@dataclass(frozen=True)
class Suggested:
    suggestion: Suggestion
    shelf: Shelf


class ReadSuggestions:
    """Args: executor: looks at the shelves side by side."""

    def __init__(
        self,
        setting: Callable[[], Suggestions | None],
        stock: StockReader,
        executor: Executor,
    ) -> None:
        self._setting = setting
        self._stock = stock
        self._executor = executor

    def __call__(self) -> Sequence[Suggested]:
        """All of them, in the operator's order; none where what is set is not valid."""
        setting = self._setting() or Suggestions()
        shelves = self._executor.map(self._stock.shelf, [one.id for one in setting.suggestions])
        return [Suggested(*both) for both in zip(setting.suggestions, shelves, strict=True)]
