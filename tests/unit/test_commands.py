"""Every command that the Makefile or the documentation names starts, and says how it is used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.docs import PAGES

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"-m (tests(?:\.\w+)+)")
COMMANDS = sorted(
    {
        name
        for text in ((ROOT / "Makefile").read_text(), *PAGES.values())
        for name in _NAMED.findall(text)
    }
)


def test_some_are_named() -> None:
    assert {"tests.local_stack", "tests.faults.storm"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_how_it_is_used(command: str) -> None:
    # Nothing that pytest knows of where code lies is handed on.
    run = subprocess.run(
        [sys.executable, "-m", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("usage: ")
