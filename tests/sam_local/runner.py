"""Runs the cases of a scenario in containers."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.sam_local.engine_api import EngineApi
from tests.sam_local.events import all_events, functions
from tests.sam_local.printed import Printed
from tests.sam_local.rows import Row, status_of
from tests.sam_local.sam import Sam
from tests.sam_local.scenario import Case, Scenario

# The CLI builds an image anew for every invocation, but one for all that wait for it together.
_SIDE_BY_SIDE = 6


@dataclass(frozen=True)
class Runner:
    """Invokes functions.

    Attributes:
        folder: for their events.
    """

    sam: Sam
    api: EngineApi
    folder: Path

    def all_of(self, scenario: Scenario) -> list[Row]:
        """A row for every case, and for each event and function that none was about."""
        stages = scenario.stages()
        rows: list[Row] = []
        seen: set[str] = set()
        try:
            cases = next(stages)
            while True:
                answers = self._side_by_side(cases, rows)
                seen |= {case.recorded.name for case in cases}
                cases = stages.send(answers)
        except StopIteration:
            pass
        except (AssertionError, ValueError, httpx.HTTPError) as error:
            rows.append(Row("the local stack", "beside them", problems=[repr(error)[:500]]))
        return [*rows, *not_run(seen)]

    def _side_by_side(self, cases: Sequence[Case], rows: list[Row]) -> dict[str, Any]:
        print(f"· {'; '.join(case.name for case in cases)}", flush=True)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            printed = list(pool.map(self._invoke, cases))
        for case, ran in zip(cases, printed, strict=True):
            problems = [*ran.problems, *_judged(case, ran.answer)]
            status = status_of(ran.answer)
            row = Row(
                case.recorded.function, case.name, status, ran.billed_ms, ran.memory_mb, problems
            )
            rows.append(row)
        return {case.name: ran.answer for case, ran in zip(cases, printed, strict=True)}

    def _invoke(self, case: Case) -> Printed:
        file = self.folder / f"{case.name.replace(', as ', '-')}.json"
        file.write_text(json.dumps(case.event))
        printed = self._once(case, file)
        # On a busy machine the CLI may ask before the runtime listens, and not again.
        return printed if printed.started else self._once(case, file)

    def _once(self, case: Case, file: Path) -> Printed:
        printed, containers = self.sam.invoke(case.recorded.function, file)
        for container in containers:
            self.api.remove_container(container)
        return printed


def not_run(seen: set[str]) -> list[Row]:
    """A row for each event that was not seen, and for each function that no event is for."""
    events = all_events()
    left = [Row.not_run(events[name].function, name) for name in sorted(set(events) - seen)]
    without = functions() - {event.function for event in events.values()}
    return [*left, *(Row.not_run(function, "no event") for function in sorted(without))]


def _judged(case: Case, answer: Any) -> list[str]:
    try:
        return case.problems(answer)
    except (AssertionError, LookupError, TypeError, ValueError, OSError, httpx.HTTPError) as error:
        return [repr(error)[:500]]
