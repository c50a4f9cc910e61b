"""Medians, ratios and targets, as tables that fit a terminal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

T = TypeVar("T")
Measure = Callable[[], float]  # a figure, taken when it is called

_DRAWS = 999
MET, MISSED = "met", "MISSED"


@dataclass(frozen=True)
class Target:
    """What a figure should be at most.

    Attributes:
        words: how the table says it; "{}" stands for the limit.
    """

    limit: float
    words: str = "≤ {}"

    def __str__(self) -> str:
        return self.words.format(f"{self.limit:g}")

    def judged(self, figure: float) -> tuple[str, str]:
        """Two cells: the target, and whether it was met."""
        return str(self), MET if figure <= self.limit else MISSED


NO_TARGET = ("", "")


@dataclass
class Table:
    """One part's result.

    Attributes:
        columns: names; cells of all but the first are aligned to the right.
        notes: how it was measured and what it means, a paragraph each.
    """

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: Sequence[str] = ()

    def add(self, *cells: str) -> None:
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def verdicts(self) -> list[str]:
        """`met` or `MISSED` for every row that has a target."""
        return [cell for row in self.rows for cell in row if cell in (MET, MISSED)]

    def lines(self) -> list[str]:
        """The table as text."""
        widths = [
            max(len(row[i]) for row in (self.columns, *self.rows)) for i in range(len(self.columns))
        ]
        body = [_line(row, widths) for row in (self.columns, *self.rows)]
        body.insert(1, "─" * max(map(len, body)))
        return [self.title, *body, *(f"  {note}" for note in self.notes)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def ms(milliseconds: float) -> str:
    """ "7.4 ms", "74 ms"."""
    return f"{milliseconds:.1f} ms" if milliseconds < 20 else f"{milliseconds:.0f} ms"


def seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"


def megabytes(figure: float) -> str:
    return f"{figure:.0f} MB"


def middle_and_worst(milliseconds: Iterable[float]) -> tuple[str, str]:
    """Two cells."""
    sample = list(milliseconds)
    return ms(median(sample)), ms(max(sample))


def ratio_and_range(
    these: Sequence[float], those: Sequence[float], middle: Callable[[Sequence[float]], float]
) -> tuple[float, str]:
    """How many times the other sample's middle this one's is, and how sure that is.

    Args:
        these, those: taken in pairs, so that both have the same noise.
        middle: median or mean.

    Returns:
        The ratio, and where it lies in nine of ten draws of as many pairs with replacement.
    """

    from scipy.stats import (
        bootstrap,  # here: half a second, and most of what is measured has no pairs
    )

    def ratio(this: Sequence[float], that: Sequence[float]) -> float:
        return middle(this) / middle(that)

    drawn = bootstrap(
        (these, those),
        ratio,
        paired=True,
        vectorized=False,
        n_resamples=_DRAWS,
        confidence_level=0.9,
        method="percentile",
        random_state=1,
    ).confidence_interval
    return ratio(these, those), f"{drawn.low:.2f}–{drawn.high:.2f}"


def add_trees(
    table: Table,
    names: Sequence[str],
    samples: Sequence[Sequence[Sequence[float]]],
    forms: Sequence[Callable[[float], str]],
) -> None:
    """A row for each tree, and one with their ratios where there are two.

    Args:
        samples: of each tree its rounds, of each round one figure for each column.
        forms: how each column says a figure.
    """
    middles = [[median(column) for column in zip(*rounds, strict=True)] for rounds in samples]
    for name, row in zip(names, middles, strict=True):
        table.add(name, *(say(figure) for say, figure in zip(forms, row, strict=True)))
    if len(names) > 1:
        this, that = middles
        pairs = zip(this, that, strict=True)
        table.add("this / that", *(f"{one / other:.2f}" if other else "" for one, other in pairs))


def in_turns(times: int, measures: Sequence[Callable[[], T]]) -> list[list[T]]:
    """Calls each measure once a round, so that a noisy minute meets all of them.

    Returns:
        The samples of each measure, in the measures' order.
    """
    rounds = [[measure() for measure in measures] for _ in range(times)]
    return [list(samples) for samples in zip(*rounds, strict=True)]
