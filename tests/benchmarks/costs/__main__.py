"""`python -m tests.benchmarks.costs`: prints the tables; `--count` and `--write` change files."""

from __future__ import annotations

import argparse
import re
import sys

from tests.benchmarks.costs import counting, usage
from tests.benchmarks.costs.tables import SECTIONS
from tests.local_stack.options import ROOT

PAGES = [ROOT / "docs" / name for name in ("costs.md", "scale.md")]


def written(pages: list[str], counts: usage.Counts) -> list[str]:
    """The pages' texts with the tables of these counts between their marks."""
    for name, table in SECTIONS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        found = re.compile(f"{begin}.*?{end}", re.DOTALL)
        text = f"{begin}\n\n{table(counts)}\n\n{end}"
        times = sum(len(found.findall(page)) for page in pages)
        if times != 1:
            raise ValueError(f"the pages have {times} places for the table {name!r}")
        pages = [found.sub(lambda _, text=text: text, page) for page in pages]  # type: ignore[misc]
    return pages


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.costs")
    parser.add_argument("--count", action="store_true", help="count anew and record it")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    chosen = parser.parse_args()
    if chosen.count:
        usage.save(counting.count())
    counts = usage.load()
    for table in SECTIONS.values():
        print(table(counts), end="\n\n")
    if chosen.write:
        texts = written([page.read_text() for page in PAGES], counts)
        for page, text in zip(PAGES, texts, strict=True):
            page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
