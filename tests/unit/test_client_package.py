"""The npm package in `client/`: what can be said of it without npm."""

import json
import re
import tomllib
from pathlib import Path

from tests.support.docs import PAGES, code_blocks, section

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


def test_what_the_hooks_give_is_in_the_docs() -> None:
    types = (CLIENT / "react.d.ts").read_text()
    views = re.findall(
        r"^(?:export )?interface (?:List|Chat|Gallery)View\b.*?^}", types, re.MULTILINE | re.DOTALL
    )
    given = set(re.findall(r"readonly (\w+):", "".join(views)))

    assert len(views) == 3
    assert given <= set(re.findall(r"`(\w+)", section("react", "The hooks")))


def test_what_the_channel_has_is_in_the_docs_and_nothing_else() -> None:
    types = (ROOT / "functions/web_page/static/unified_channel.d.ts").read_text()
    channel = types.partition("export class UnifiedChannel {\n  constructor")[2].partition("\n}\n")[
        0
    ]
    has = set(re.findall(r"^  (?:readonly )?(\w+)[<(:]", channel, re.MULTILINE))
    options = re.search(r"^  send\((.*?)^  \)", channel, re.MULTILINE | re.DOTALL)

    told = section("embed", "What the channel has")
    named = re.findall(r"^\| (`.+?) \|", told, re.MULTILINE)
    assert set(re.findall(r"`(\w+)", " ".join(named))) == has
    assert options is not None
    assert set(re.findall(r"^      (\w+)\?", options[1], re.MULTILINE)) <= set(
        re.findall(r"`(\w+)`", told)
    )


def test_the_ten_lines_are_the_same_wherever_they_stand() -> None:
    lines, _ = code_blocks("react", "A chat in ten lines", "jsx")

    assert len(lines.splitlines()) == 10
    for text in (PAGES["README.md"], (CLIENT / "README.md").read_text("utf-8")):
        assert f"```jsx\n{lines}```" in text
