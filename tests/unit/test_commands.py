"""Every command that the Makefile or the documentation names starts, and says how it is used."""

import os
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


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_make_finds_its_modules_in_spite_of_pythonsafepath(tmp_path: Path) -> None:
    """With it `python -m tests.local_stack` would not find the folder that it runs in."""
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"include {ROOT / 'Makefile'}\nfind:\n\t@$(PYTHON) -m tests\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__main__.py").write_text("print('found')")

    found = make("-C", str(tmp_path), "find", PYTHON=sys.executable, PYTHONSAFEPATH="1")

    assert "found" in found.stdout


def test_windows_itself_is_answered_with_a_sentence() -> None:
    refused = make("help", OS="Windows_NT")

    assert refused.returncode != 0
    assert "does not run on Windows itself: use WSL" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
