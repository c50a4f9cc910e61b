"""Every function is killed at every step that touches the world; all promises hold.

Here each step is killed once, before it or after it in turn, in the first scenario that takes
it; `python -m tests.faults.kill_matrix` kills it both times, in every scenario, with and
without a client that repeats its request.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.kill_matrix import SIDE_BY_SIDE, Case, Result, every_step_once, run, unknown_steps
from tests.faults.kill_scenarios import SCENARIOS
from tests.faults.kill_stage import World, running_world

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("kills")) as running:
        yield running


def test_every_step_of_an_undisturbed_run_is_in_the_table(world: World) -> None:
    cases = [Case(scenario) for scenario in SCENARIOS.values()]
    for side_by_side in (SIDE_BY_SIDE, 1, 1):
        results = run(world, cases, side_by_side)
        assert _violations(results) == []
        # Where a connection was slow, it was closed: one step more, and one frame less.
        cases = [result.case for result in results if unknown_steps(result)]
        if not cases:
            return

    assert {str(result.case): unknown_steps(result) for result in results} == {}


def test_whatever_is_killed_every_promise_holds(world: World) -> None:
    results = run(world, list(every_step_once()))

    assert _violations(results) == []


def _violations(results: list[Result]) -> list[str]:
    return [f"{result.case}: {line}" for result in results for line in result.told()]
