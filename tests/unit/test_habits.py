"""The page of habits against the tests that it names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| (.+?) \| (.*?) \| (.+?) \|$",
    (ROOT / "docs" / "habits.md").read_text("utf-8"),
    re.MULTILINE,
)[1:]


def test_every_habit_works_and_has_a_browser_test_that_exists() -> None:
    assert len(ROWS) > 20
    for habit, state, named in ROWS:
        found = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", named)
        assert found, habit
        code = (ROOT / "tests" / "browser" / found[1]).read_text("utf-8")
        assert f"\ndef {found[2]}(" in code, habit
        assert state == "works", habit
