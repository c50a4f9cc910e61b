"""Every function is killed before and after every step that touches the world.

`python -m tests.faults.kill_matrix` runs all of it and prints what became of each case; its exit
status is 1 if anything that must hold did not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from tests.faults.invariants import Store, check_user
from tests.faults.kill_scenarios import SCENARIOS, Scenario
from tests.faults.kill_stage import Kill, Stage, World, running_world
from tests.faults.kill_steps import COLD, COLD_STEPS, OF_NOBODY, OF_THE_TEST, PASSING, STEPS
from tests.faults.processes import IS_SUPPORTED

SIDE_BY_SIDE = 12
KILLED = ("before", "after")
_TRIES = 3
_CHANGING_NOTHING = ("Query", "GetItem", "BatchGetItem", "TransactGetItems", "PostToConnection")


@dataclass(frozen=True)
class Case:
    """One kill in one scenario; without a kill, the scenario undisturbed."""

    scenario: Scenario
    kill: Kill | None = None
    repeat: bool = False

    def __str__(self) -> str:
        if self.kill is None:
            return f"{self.scenario.name}: undisturbed"
        nth = f" #{self.kill.nth}" if self.kill.nth > 1 else ""
        again = ", repeated" if self.repeat else ""
        return f"{self.scenario.name}: {self.kill.when} {self.kill.step}{nth}{again}"


@dataclass
class Result:
    """What became of a case.

    Attributes:
        ended: statuses of the user's answers, and of the pictures that they brought.
        why: codes of those that failed.
        steps: what the scenario's function did, and how often.
        taken: whether the step of the kill was.
        swept: whether a deadline had to pass.
        hurried: whether it ended otherwise than it may because the matrix moved its deadline.
        calls: where something is wrong, all that functions asked for about its user.
    """

    case: Case
    user: str = ""
    ended: Sequence[str] = ()
    why: Sequence[str] = ()
    steps: dict[str, int] = field(default_factory=dict)
    taken: bool = True
    swept: bool = False
    hurried: bool = False
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)
    calls: str = ""

    def told(self) -> list[str]:
        """What is wrong, and what was asked for; empty where nothing is."""
        return [*self.violations, f"its calls: {self.calls}"] if self.violations else []


def play(world: World, case: Case) -> Result:
    """Play one case to its end; what the tables hold is judged later, for all cases at once.

    A step that was not taken (a worker that was expected to be new, a connection that was slow
    and is gone) says nothing, nor does an ending that the matrix itself brought about, if nothing
    else is wrong: help may have been on its way. The case is played again. Where no help ever
    comes, that is the same each time.
    """
    for _ in range(_TRIES):
        result = _play_once(world, case)
        is_only_hurried = result.hurried and len(result.violations) == 1
        if result.taken and not is_only_hurried:
            break
    return result


def _play_once(world: World, case: Case) -> Result:
    result = Result(case)
    started = time.monotonic()
    stage = Stage(world, case.kill)
    result.user = stage.user
    try:
        _play(stage, case, result)
    except Exception:  # noqa: BLE001 - one broken case is one line of the table
        result.violations.append(traceback.format_exc(limit=-3))
    if result.violations:
        result.calls = stage.told()
    stage.close()
    result.seconds = time.monotonic() - started
    return result


def _play(stage: Stage, case: Case, result: Result) -> None:
    stage.open()
    case.scenario.play(stage)
    stage.settle(repeat=case.repeat)
    result.swept = stage.swept
    result.steps = dict(stage.steps(case.scenario.function))
    result.ended = stage.endings()
    result.why = [json.loads(a["error"])["code"] for a in stage.answers() if a.get("error")]
    if stage.rule is not None and not stage.rule.hit.is_set():
        result.taken = False
        result.violations.append("the step was never taken")
    allowed = case.scenario.repeated if case.repeat else case.scenario.ends
    if allowed and not set(result.ended) <= set(allowed):
        result.hurried = stage.gave_up
        by = ", by its deadline" if result.swept else ""
        result.violations.append(f"ended {' '.join((*result.ended, *result.why))}{by}")
    result.violations += _provider_calls(stage, case.scenario.pictures)
    result.violations += stage.clients_disagree()


def _provider_calls(stage: Stage, pictures: int) -> Iterable[str]:
    """At most one more call for each function that died painting; none once bytes are stored."""
    paid = stored = 0
    for call in stage.proxy.calls_of(stage.user):
        if call.step == "PutObject original" and call.status == httpx.codes.OK:
            stored += 1
        if call.step == "streamGenerateContent image" and call.status is not None:
            paid += 1
            if stored >= pictures:
                yield "the provider was asked for what was stored already"
    died = stage.deaths("image_generate")
    if paid > pictures + died:
        yield f"the provider was asked {paid} times, and {died} functions died"


def judge(world: World, results: Sequence[Result]) -> None:
    """Add what is wrong in the tables and the bucket, now that everything is at rest."""
    store = Store(world.stack)
    for result in results:
        if result.user:
            result.violations += check_user(world.stack, result.user, store)
    if results:
        results[-1].violations += store.half_shared()  # which says no more of whom it is


def cases_of(scenario: Scenario) -> Iterator[Case]:
    """Every step of a scenario, killed before and after, with and without a repeating client."""
    repeats = (False, True) if scenario.repeated else (False,)
    for step, times in STEPS[scenario.name].items():
        for nth in range(1, times + 1):
            for when in KILLED:
                kill = Kill(scenario.function, step, nth, when)
                yield from (Case(scenario, kill, repeat) for repeat in repeats)


def cold_cases_of(scenario: Scenario) -> Iterator[Case]:
    """The same for the steps that only a new process takes."""
    for step in COLD_STEPS.get(scenario.name, ()):
        for when in KILLED:
            yield Case(scenario, Kill(scenario.function, step, 1, when))


def every_step_once() -> Iterator[Case]:
    """Each step of each function in the first scenario that takes it, before or after in turn.

    Of readings and posts that one scenario repeats the first and the last: the others lie between
    the same writes.
    """
    taken: set[tuple[str, str, int]] = set()
    for scenario in SCENARIOS.values():
        for case in (*cold_cases_of(scenario), *cases_of(scenario)):
            kill = case.kill
            if kill is None or (kill.function, kill.step, kill.nth) in taken:
                continue
            changes_nothing = kill.step.startswith(_CHANGING_NOTHING)
            if changes_nothing and 1 < kill.nth < STEPS[scenario.name].get(kill.step, 1):
                continue
            if kill.when != KILLED[len(taken) % len(KILLED)]:
                continue
            taken.add((kill.function, kill.step, kill.nth))
            yield case


def unknown_steps(result: Result) -> dict[str, int]:
    """Steps of an undisturbed run that are not in the table, or not so often."""
    scenario = result.case.scenario
    ignored = COLD | PASSING | OF_NOBODY | OF_THE_TEST.get(scenario.function, frozenset())
    table = Counter(STEPS[scenario.name])
    taken = Counter({step: n for step, n in result.steps.items() if step not in ignored})
    for step in OF_NOBODY | PASSING:
        del table[step]
    return {step: taken[step] - table[step] for step in taken | table if taken[step] != table[step]}


def run(world: World, cases: Sequence[Case], side_by_side: int = SIDE_BY_SIDE) -> list[Result]:
    """All cases, several at a time; those that need new processes one after the other, first."""
    cold = [case for case in cases if case.kill is not None and case.kill.is_cold]
    warm = [case for case in cases if case not in cold]
    results = [play(world, case) for case in cold]
    with ThreadPoolExecutor(side_by_side) as pool:
        results += pool.map(partial(play, world), warm)
    judge(world, results)
    return results


# --- The command line --------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kill_matrix", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), default=[])
    parser.add_argument("--step", help="only this one")
    parser.add_argument("--undisturbed", action="store_true", help="only show the steps")
    parser.add_argument("--wait", action="store_true", help="wait for deadlines, move none")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE)
    given = parser.parse_args()
    if not IS_SUPPORTED:
        _say("Processes are found through /proc, so this needs Linux.")
        return 2
    chosen = [SCENARIOS[name] for name in given.scenario or SCENARIOS]
    cases = [Case(scenario) for scenario in chosen]
    if not given.undisturbed:
        cases += [case for one in chosen for case in (*cold_cases_of(one), *cases_of(one))]
    if given.step:
        cases = [case for case in cases if case.kill and case.kill.step == given.step]
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_world(Path(folder), waits=given.wait) as world,
    ):
        results = run(world, cases, given.side_by_side)
    return _report(results, time.monotonic() - started, show_steps=given.undisturbed)


def _report(results: Sequence[Result], seconds: float, *, show_steps: bool) -> int:
    _say(f"{'case':88} {'ended':28} {'by':8} {'s':>5}  ")
    for result in results:
        if result.case.kill is None and unknown_steps(result):
            result.violations.append(f"not as in the table: {unknown_steps(result)}")
        ended = " ".join((*result.ended, *result.why)) or "never heard"
        by = "deadline" if result.swept else ""
        verdict = "violated" if result.violations else "ok"
        _say(f"{result.case!s:88} {ended:28} {by:8} {result.seconds:5.1f} {verdict}")
        for step, times in result.steps.items() if show_steps else ():
            _say(f"    {step} x {times}")
        for line in result.told():
            _say(f"    ! {line}")
    wrong = sum(bool(result.violations) for result in results)
    _say(f"{len(results)} cases in {seconds:.0f} s, {wrong} with violations")
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
