"""The npm package in `client/`: what can be said of it without npm."""

import json
import tomllib
from pathlib import Path

from tests.support.docs import PAGES, code_blocks

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client"
MANIFEST = json.loads((CLIENT / "package.json").read_text())
COPIED = {"index.js", "index.d.ts"}  # by prepack


def test_its_version_and_license_are_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (MANIFEST["version"], MANIFEST["license"]) == (project["version"], project["license"])
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_every_file_of_its_own_is_named() -> None:
    written = {path.name for path in CLIENT.iterdir() if path.suffix in {".js", ".ts"}}

    assert set(MANIFEST["files"]) == written | COPIED


def test_the_ten_lines_are_the_same_wherever_they_stand() -> None:
    lines, _ = code_blocks("embed", "In a React app", "jsx")

    assert len(lines.splitlines()) == 10
    for text in (PAGES["README.md"], (CLIENT / "README.md").read_text("utf-8")):
        assert f"```jsx\n{lines}```" in text
