"""What is known of each invocation, as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

_HEAD = ("function", "event", "status", "billed", "memory", "verdict")


@dataclass(frozen=True)
class Row:
    """One invocation.

    Attributes:
        status: of an HTTP answer, else "-".
        billed_ms: None where the runtime reported none.
        problems: none where it did what it should.
    """

    function: str
    event: str
    status: str = "-"
    billed_ms: int | None = None
    memory_mb: int | None = None
    problems: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def not_run(cls, function: str, event: str) -> "Row":
        """What should have been there."""
        return cls(function, event, problems=["not run"])


def status_of(answer: Any) -> str:
    """The status of an HTTP answer."""
    return str(answer["statusCode"]) if isinstance(answer, dict) and "statusCode" in answer else "-"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of equal columns; what is wrong stands under its row."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    yield _line(_HEAD, widths)
    for row in rows:
        yield _line(_cells(row), widths)
        yield from (f"    {problem}" for problem in row.problems)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.function,
        row.event,
        row.status,
        "-" if row.billed_ms is None else f"{row.billed_ms} ms",
        "-" if row.memory_mb is None else f"{row.memory_mb} MB",
        "WRONG" if row.problems else "right",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
