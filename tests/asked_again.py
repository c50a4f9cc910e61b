"""The gate's way with a test that fails beside others and not alone.

A part that fails with at most three failed tests leaves their names in a file. At the end, when
nothing else runs, each of them is asked three times by itself, and has to pass each time. A part is
red at once where more tests failed, or where it is not a test that failed: pytest did not start, a
file cannot be read, a process died, or a fixture found something at its end, which is about all
tests before it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

MOST = 3  # of one part
TIMES = 3
# Parts that run side by side would write the same file.
_NO_RECORD = ("-p", "no:cacheprovider")


class Failures(dict[str, set[str]]):
    """By test: when it failed (`setup`, `call`, `teardown`; something else for a process)."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.setdefault(report.nodeid, set()).add(report.when)


def doubtful(status: int, failures: Mapping[str, set[str]]) -> list[str]:
    """The tests to be asked again; none where the part is green, or red at once."""
    moments = set().union(*failures.values())
    if status == pytest.ExitCode.TESTS_FAILED and moments <= {"setup", "call"}:
        return list(failures) if len(failures) <= MOST else []
    return []


def run_part(file: Path, arguments: list[str]) -> int:
    """Pytest's status, or 0 where all that failed was left in `file`."""
    failures = Failures()
    status = int(pytest.main([*_NO_RECORD, *arguments], plugins=[failures]))
    again = doubtful(status, failures)
    if not again:
        return status
    with file.open("a") as left:
        left.write("".join(f"{test}\n" for test in again))
    print(f"asked again at the end: {len(again)}")
    return 0


def ask(test: str) -> bool:
    """Whether it passed each time, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", *_NO_RECORD, test]
    return all(subprocess.run(command, check=False).returncode == 0 for _ in range(TIMES))


def ask_all(file: Path) -> int:
    """Says of each test in `file` what it is; 1 where one of them failed again."""
    passed = {test: ask(test) for test in file.read_text().splitlines()}
    for test, steady in passed.items():
        print(
            f"unsteady: {test} failed beside others, passed three times alone"
            if steady
            else f"red: {test} failed beside others, and again alone"
        )
    return 0 if all(passed.values()) else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.asked_again", description=__doc__)
    parser.add_argument("file", type=Path, help="where the names of tests are left")
    parser.add_argument(
        "pytest", nargs=argparse.REMAINDER, help="what pytest is told; nothing at the end"
    )
    given = parser.parse_args()
    return run_part(given.file, given.pytest) if given.pytest else ask_all(given.file)


if __name__ == "__main__":
    sys.exit(main())
