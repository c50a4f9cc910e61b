"""The project's pages for people, as tests read them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES: dict[str, str] = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in sorted(
        [
            *(ROOT / folder / "README.md" for folder in ("", "findings", "tests/local_stack")),
            ROOT / "CONTRIBUTING.md",
            *(ROOT / "docs").rglob("*.md"),
        ]
    )
}
"""Text of each page by its path from the root, such as `docs/embed.md`."""
DOCS = "\n".join(PAGES.values())


def section(page: str, title: str) -> str:
    """The prose under a heading of a page of `docs/`, up to the next heading of any level."""
    prose = re.sub(r"^```.*?^```", "", PAGES[f"docs/{page}.md"], flags=re.MULTILINE | re.DOTALL)
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)", prose, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/{page}.md has no heading {title!r}"
    return found[1]


def rows(page: str, title: str) -> dict[str, list[str]]:
    """Cells of the first table of a section, by the code in the first cell of each row."""
    found: dict[str, list[str]] = {}
    for line in section(page, title).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if code := re.fullmatch(r"`([^`]+)`", cells[0]):
            assert code[1] not in found, f"{code[1]} is there twice"
            found[code[1]] = cells[1:]
    return found


def shell_blocks(page: str, title: str) -> list[str]:
    """The shell commands under a heading of the second level of a page of `docs/`."""
    return code_blocks(page, title, "sh")


def code_blocks(page: str, title: str, language: str) -> list[str]:
    """What stands in that language under such a heading."""
    text = PAGES[f"docs/{page}.md"].partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def headings(page: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them; `page` is a path from the root."""
    titles = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
