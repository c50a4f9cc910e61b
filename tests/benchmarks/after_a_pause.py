"""From Enter to the placeholder, for a person's first message after a pause.

A pause is made by ending every process of the functions that answer and paint, as Lambda does. Then
somebody asks at once; or begins to write, and asks when what that warms is ready; or asks again.
"""

import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User, is_placeholder
from tests.benchmarks.report import NO_TARGET, Measure, Table, Target, in_turns, middle_and_worst
from tests.faults.processes import descendants, function_of, kill
from tests.local_stack.testing import RunningStack

_ROUNDS = 5
_TARGET = Target(1.2, "≤ {} x warm")
_WARMED = ("llm_handler_gemini", "image_generate")
_PATIENCE_S = 30
_SETTLES_S = 0.5  # until the stack has noticed that a process has ended, or is free


def measure(bench: Bench) -> Iterable[Table]:
    with running_stack() as (process, stack), ThreadPoolExecutor(4) as executor:
        stack.gemini(text_ms=0, script=[])
        person = Person(stack, process.pid, executor)
        kinds: dict[str, Measure] = {
            "at once": person.asks_at_once,
            "after writing": person.asks_after_writing,
            "warm": person.asks_again,
        }
        in_turns(1, [*kinds.values()])
        samples = dict(zip(kinds, in_turns(_ROUNDS * bench.repeat, [*kinds.values()]), strict=True))
    table = Table(
        "Enter to the placeholder, for a first message after a pause",
        ("", "median", "worst", "x warm", "target", "this run"),
    )
    for name, sample in samples.items():
        ratio = median(sample) / median(samples["warm"])
        verdict = _TARGET.judged(ratio) if name == "after writing" else NO_TARGET
        table.add(name, *middle_and_worst(sample), f"{ratio:.2f}", *verdict)
    yield table


class Person:
    """Somebody else each time, since one user is warmed for once in five minutes.

    Args:
        pid: of the stack.
    """

    def __init__(self, stack: RunningStack, pid: int, executor: ThreadPoolExecutor) -> None:
        self._stack = stack
        self._pid = pid
        self._new = partial(User, stack, executor)
        self._last = self._new()

    def asks_at_once(self) -> float:
        """Milliseconds, as all of them."""
        user = self._comes_back()
        return self._placeholder(user)

    def asks_after_writing(self) -> float:
        user = self._comes_back()
        before = self._ready()
        user.tab.send({"action": "typing"})
        give_up = time.monotonic() + _PATIENCE_S
        while self._ready() < before + len(_WARMED):
            if time.monotonic() > give_up:
                raise TimeoutError("nothing was warmed")
            time.sleep(0.05)
        time.sleep(_SETTLES_S)
        return self._placeholder(user)

    def asks_again(self) -> float:
        return self._placeholder(self._last)

    def _comes_back(self) -> User:
        self._last.close()
        self._last = self._new()
        for pid in descendants(self._pid):
            if function_of(pid) in _WARMED:
                kill(pid)
        time.sleep(_SETTLES_S)
        return self._last

    def _ready(self) -> int:
        texts = [(self._stack.logs / f"{name}.log").read_text() for name in _WARMED]
        return sum(text.count('"message":"ready"') for text in texts)

    def _placeholder(self, user: User) -> float:
        started = time.time()
        answer = user.ask(f"hello {uuid.uuid4().hex}")
        arrived = user.seen(is_placeholder)
        answer.result().raise_for_status()
        return (arrived - started) * 1000
