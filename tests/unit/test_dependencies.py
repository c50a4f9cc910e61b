"""What is installed is what was looked at: every package by version and hash."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.local_stack import bootstrap
from tests.support.template import ROOT

LOCKS = sorted(
    path
    for folder in ("tests", "tests/*", "layers/dependencies")
    for path in ROOT.glob(f"{folder}/*requirements.txt")
)
NPM_LOCKS = sorted(ROOT.glob("tests/*/package-lock.json")) + sorted(
    ROOT.glob("tests/*/*/package-lock.json")
)


def packages(lock: Path) -> list[tuple[str, str]]:
    """Names, and what stands behind each; one may be there twice, for two versions of Python."""
    text = re.sub(r"\\\n\s*", "", lock.read_text())
    named = [re.match(r"([\w.\-\[\],]+)==(.+)", line) for line in text.splitlines()]
    return [(match[1], match[2]) for match in named if match]


def test_there_is_a_lock_for_each_environment() -> None:
    assert len(LOCKS) == 8
    assert len(NPM_LOCKS) == 3


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_package_is_pinned_by_its_hashes(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if not line.startswith((" ", "#"))]

    assert len(packages(lock)) == len([line for line in lines if line.strip()])
    for name, pinned in packages(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pinned), name
    assert not re.search(r"https?://|\bgit\+|--(extra-)?index-url|--find-links", lock.read_text())


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_npm_package_is_pinned_by_its_hash(lock: Path) -> None:
    for name, package in json.loads(lock.read_text())["packages"].items():
        assert not name or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_an_environment_takes_nothing_without_a_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []

    def note(command: list[str], _: str) -> bool:
        commands.append(command)
        return True

    monkeypatch.setattr(bootstrap, "succeeds", note)
    assert bootstrap.install(str(tmp_path), "requirements.txt")

    assert "--require-hashes" in commands[-1]


def test_the_functions_run_what_the_tests_ran() -> None:
    tested = set(packages(ROOT / "tests" / "requirements.txt"))
    deployed = set(packages(ROOT / "layers" / "dependencies" / "requirements.txt"))

    assert deployed
    assert deployed <= tested
