"""`python -m tests.benchmarks.costs`: prints the tables; `--count` and `--write` change files."""

from __future__ import annotations

import argparse
import re
import sys

from tests.benchmarks.costs import counting, usage
from tests.benchmarks.costs.tables import SECTIONS
from tests.local_stack.options import ROOT

README = ROOT / "README.md"


def written(readme: str, counts: usage.Counts) -> str:
    """The README with the tables of these counts between their marks."""
    for name, table in SECTIONS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        found = re.compile(f"{begin}.*?{end}", re.DOTALL)
        text = f"{begin}\n\n{table(counts)}\n\n{end}"
        readme, times = found.subn(lambda _, text=text: text, readme)  # type: ignore[misc]
        if times != 1:
            raise ValueError(f"the README has {times} places for the table {name!r}")
    return readme


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.costs")
    parser.add_argument("--count", action="store_true", help="count anew and record it")
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    chosen = parser.parse_args()
    if chosen.count:
        usage.save(counting.count())
    counts = usage.load()
    for table in SECTIONS.values():
        print(table(counts), end="\n\n")
    if chosen.write:
        README.write_text(written(README.read_text(), counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
