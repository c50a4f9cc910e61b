"""Cold starts of what is shipped, beside the same without bytecode, and what a person waits.

A first call is a fresh interpreter as in cold_start.py, with the built layers instead of sources
and this environment; its CPU and its time by the clock are counted after the interpreter's own
start. The placeholder is that of a first message after a pause: from the start of the interpreter,
which then serves one recorded event of the running stack's, to the frame at a socket that is open.
"""

import json
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.built import Built, builds
from tests.benchmarks.cold_start import CHILD, RUNTIME, environments
from tests.benchmarks.live import User, is_placeholder
from tests.benchmarks.report import Table, Target, in_turns, middle_and_worst
from tests.support.template import ROOT

_ROUNDS = 5
_FIRST_CALL = Target(0.4, "≤ {} x")
_PLACEHOLDER = Target(0.5, "≤ {} x")
_CALL = Path(__file__).with_name("cold_start_call.py")
_COLUMNS = ("", "no bytecode", "worst", "as shipped", "worst", "x", "target", "this run")


def measure(bench: Bench) -> Iterable[Table]:
    with builds() as (plain, shipped):
        yield from _first_calls(bench, plain, shipped)
        yield _placeholder(bench, plain, shipped)


def _first_calls(bench: Bench, plain: Built, shipped: Built) -> Iterable[Table]:
    functions = environments()
    pairs = [(name, built) for name in functions for built in (plain, shipped)]
    samples: dict[tuple[str, Built], list[tuple[float, float]]] = {pair: [] for pair in pairs}
    for _ in range(_ROUNDS * bench.repeat):
        for name, built in pairs:
            samples[name, built].append(_first_call(name, functions[name], built))
    for number, what in enumerate(("CPU", "time by the clock")):
        table = Table(f"Cold start from the built layers: {what} of a first call", _COLUMNS)
        for name in functions:
            before, after = ([one[number] for one in samples[name, b]] for b in (plain, shipped))
            table.add(name, *_compared(before, after, _FIRST_CALL))
        yield table


def _first_call(name: str, variables: Mapping[str, str], built: Built) -> tuple[float, float]:
    """Milliseconds of CPU, and by the clock."""
    cpu, clock = _run(built, CHILD, {**RUNTIME, **variables, **built.environment(name)}, name)
    return float(cpu), float(clock)


def _compared(before: Sequence[float], after: Sequence[float], target: Target) -> list[str]:
    ratio = median(after) / median(before)
    worst = [*middle_and_worst(before), *middle_and_worst(after)]
    return [*worst, f"{ratio:.2f}", *target.judged(ratio)]


def _placeholder(bench: Bench, plain: Built, shipped: Built) -> Table:
    with ThreadPoolExecutor(1) as executor:
        user = User(bench.stack, executor)
        try:
            measures = [partial(_first_message, bench, user, built) for built in (plain, shipped)]
            before, after = in_turns(_ROUNDS * bench.repeat, measures)
        finally:
            user.close()
    table = Table("The placeholder of a first message after a pause", _COLUMNS)
    table.add("llm_handler_gemini", *_compared(before, after, _PLACEHOLDER))
    return table


def _first_message(bench: Bench, user: User, built: Built) -> float:
    """Milliseconds from the interpreter's start to the frame."""
    name = "llm_handler_gemini"
    variables = {**RUNTIME, **bench.stack.env(name), **built.environment(name), "NO_PROXY": "*"}
    event = json.dumps(_message(user))
    with ThreadPoolExecutor(1) as executor:
        started = time.time()
        answered = executor.submit(_run, built, _CALL, variables, event)
        try:
            arrived = user.seen(is_placeholder)
        finally:
            (status,) = answered.result()
    if status != "200":
        raise RuntimeError(f"the function answered {status}")
    return (arrived - started) * 1000


def _message(user: User) -> dict[str, Any]:
    """The recorded event, of this user and a chat of its own."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "post_message.json").read_text())
    event["headers"]["authorization"] = user.http.headers["authorization"]
    event["pathParameters"] = {"chat_id": uuid.uuid4().hex}
    event["body"] = json.dumps({"text": "hello"})
    return event


def _run(built: Built, program: Path, variables: Mapping[str, str], argument: str) -> list[str]:
    """The words that it prints last."""
    printed = subprocess.run(
        [built.python, "-P", "-s", str(program), argument],
        env=dict(variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if printed.returncode:
        raise RuntimeError(f"{program.name} ended with {printed.returncode}:\n{printed.stderr}")
    return printed.stdout.splitlines()[-1].split()
