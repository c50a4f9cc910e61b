"""The table of guards names code and tests that are there; running it is `tests.faults.guards`."""

from __future__ import annotations

import ast

import pytest
from tests.faults.guards import GUARDS, PACKAGE, ROOT, Guard


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.test.rpartition("::")[2])
def test_a_guard_stands_in_the_code_once_and_has_its_test(guard: Guard) -> None:
    code = (ROOT / PACKAGE / guard.file).read_text()
    file, _, name = guard.test.partition("::")

    assert code.count(guard.there) == 1
    ast.parse(code.replace(guard.there, guard.without))
    assert f"def {name}(" in (ROOT / file).read_text()
