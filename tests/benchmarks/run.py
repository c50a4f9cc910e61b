"""Runs parts one behind the other: whatever becomes of one, the next is measured."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from tests.benchmarks.bench import Bench
from tests.benchmarks.parts import Part
from tests.benchmarks.report import MET, MISSED, Table

_LONGEST_LINE = 70  # so that the table fits a terminal


class OverranError(BaseException):
    """A part's time is up. No `Exception`, so that nothing on its way takes it for its own."""


def run(parts: Mapping[str, Part], bench: Bench) -> Table:
    """Prints each part's tables as they come.

    Returns:
        One line a part: how long it took, its targets, and why it ended early if it did.
    """
    before, _, _ = os.getloadavg()
    table = Table("All parts", ("", "took", "met", MISSED, "without an end"))
    for name, part in parts.items():
        table.add(name, *_run(part, bench))
    after, _, _ = os.getloadavg()
    cores = os.cpu_count()
    table.notes = (f"Load {before:.1f} at the beginning, {after:.1f} at the end; {cores} cores.",)
    return table


def _run(part: Part, bench: Bench) -> tuple[str, str, str, str]:
    started, verdicts, trouble = time.monotonic(), list[str](), ""
    limit = part.limit_s * bench.repeat
    try:
        with within(limit):
            for table in part.measure(bench):
                print("\n".join(table.lines()), end="\n\n", flush=True)
                verdicts += table.verdicts()
    except OverranError:
        trouble = f"took longer than its {limit:g} s"
    except Exception as error:  # noqa: BLE001 - the other parts have nothing to do with it
        trouble = _in_one_line(error)
    if trouble:
        bench.close()  # what it left under way is in nobody's way
    took = f"{time.monotonic() - started:.0f} s"
    return took, str(verdicts.count(MET)), str(verdicts.count(MISSED)), trouble


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """A block in the main thread that ends in time.

    Raises:
        OverranError: wherever the block is when its time is up.
    """

    def overran(number: int, frame: FrameType | None) -> None:
        raise OverranError

    handler = signal.signal(signal.SIGALRM, overran)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


def _in_one_line(error: Exception) -> str:
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return words if len(words) <= _LONGEST_LINE else f"{words[: _LONGEST_LINE - 1]}…"
