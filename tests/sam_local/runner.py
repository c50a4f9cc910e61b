"""Runs the cases of a scenario in containers."""

import json
from collections.abc import Mapping, Sequence
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
from tests.sam_local.served import Served

# What a newcomer types, once: `sam local invoke`, in a container for this event alone.
_TYPED = "keeper_sweep"


@dataclass(frozen=True)
class Runner:
    """Invokes functions.

    Attributes:
        served: them, by logical id.
        folder: for events.
    """

    sam: Sam
    api: EngineApi
    served: Mapping[str, Served]
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
        by_function: dict[str, list[Case]] = {}
        for case in cases:
            by_function.setdefault(case.recorded.function, []).append(case)
        with ThreadPoolExecutor(len(by_function)) as pool:
            of_each = pool.map(self._in_turn, by_function.values())
            printed = {name: ran for of_one in of_each for name, ran in of_one.items()}
        for case in cases:
            ran = printed[case.name]
            problems = [*ran.problems, *_judged(case, ran.answer)]
            status = status_of(ran.answer)
            row = Row(
                case.recorded.function, case.name, status, ran.billed_ms, ran.memory_mb, problems
            )
            rows.append(row)
        return {name: ran.answer for name, ran in printed.items()}

    def _in_turn(self, cases: Sequence[Case]) -> dict[str, Printed]:
        """One function's, by name."""
        return {case.name: self._invoke(case) for case in cases}

    def _invoke(self, case: Case) -> Printed:
        printed = self._once(case)
        # On a busy machine the CLI may ask before the runtime listens, and not again.
        return printed if printed.started else self._once(case)

    def _once(self, case: Case) -> Printed:
        if case.name != _TYPED:
            return self.served[case.recorded.function].invoke(case.event)
        file = self.folder / f"{case.name}.json"
        file.write_text(json.dumps(case.event))
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
