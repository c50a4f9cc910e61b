"""One user's placeholder while others are about: idle by the hundred, or busy by the score."""

import os
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.live import User, is_placeholder
from tests.benchmarks.placeholder import Asking
from tests.benchmarks.report import NO_TARGET, Table, Target, middle_and_worst
from tests.faults.client import Crowd, Rules
from tests.local_stack.testing import RunningStack

_IDLE = 500
_ACTIVE = 20
_ROUNDS = 15
_ACTIVE_ROUNDS = 5
_MODEL_MS = 1_000
_CONNECTING_AT_ONCE = 4
_TARGET = Target(1.2, "≤ {} x alone")
# They only hold their connections: a ping now and then is all that is heard of them.
_QUIET = Rules(ping=240.0, answer=60.0)
_STAT = Path("/proc/stat")


def measure(bench: Bench) -> Iterable[Table]:
    stack, rounds = bench.stack, _ROUNDS * bench.repeat
    with ThreadPoolExecutor(4) as executor:
        user = User(stack, executor)
        try:
            asking = Asking(stack, user)
            asking.warm_up(2)
            before = _placeholders(asking, rounds)
            with _idle(stack, _IDLE):
                beside = _placeholders(asking, rounds)
            after = _placeholders(asking, rounds)
        finally:
            user.close()
    alone = before + after
    table = Table(
        "One user's placeholder in company, the model takes 1 s",
        ("", "median", "worst", "x alone", "processors busy", "target", "this run"),
        notes=(
            "Alone: as often before the idle ones came as after they had gone.",
            "All functions of all users share the processors of this machine.",
        ),
    )
    table.add("alone", *middle_and_worst(alone), "1.0", "", *NO_TARGET)
    ratio = median(beside) / median(alone)
    name = f"{_IDLE} idle connections of others"
    table.add(name, *middle_and_worst(beside), f"{ratio:.2f}", "", *_TARGET.judged(ratio))
    active, busy = _active(stack, _ACTIVE_ROUNDS * bench.repeat)
    ratio = median(active) / median(alone)
    name = f"{_ACTIVE} users active at once"
    table.add(name, *middle_and_worst(active), f"{ratio:.2f}", busy, *NO_TARGET)
    yield table


def _placeholders(asking: Asking, rounds: int) -> list[float]:
    return [asking.placeholder(_MODEL_MS) for _ in range(rounds)]


@contextmanager
def _idle(stack: RunningStack, count: int) -> Iterator[None]:
    """So many users with one open connection each."""
    with Crowd(stack) as crowd:
        names = [f"idle-{uuid.uuid4().hex[:8]}" for _ in range(count)]
        with ThreadPoolExecutor(_CONNECTING_AT_ONCE) as connecting:
            list(connecting.map(partial(crowd.tab, rules=_QUIET), names))
        yield
        assert all(client.connected for client in crowd.clients)


def _active(stack: RunningStack, rounds: int) -> tuple[list[float], str]:
    """Everybody asks, waits for the answer and asks again; and the processors' share."""
    stack.gemini(text_ms=_MODEL_MS, script=[])
    with ThreadPoolExecutor(2 * _ACTIVE) as executor:
        users = [User(stack, executor) for _ in range(_ACTIVE)]
        try:
            list(executor.map(partial(_asks, rounds=1), users))
            idle, total = _processor_time()
            samples = list(executor.map(partial(_asks, rounds=rounds), users))
            idle_then, total_then = _processor_time()
        finally:
            for user in users:
                user.close()
    busy = 1 - (idle_then - idle) / max(1, total_then - total)
    return [one for sample in samples for one in sample], f"{busy:.0%}"


def _asks(user: User, rounds: int) -> list[float]:
    sample = []
    for _ in range(rounds):
        started = time.time()
        answer = user.ask(f"hello {uuid.uuid4().hex}")
        sample.append((user.seen(is_placeholder) - started) * 1000)
        answer.result().raise_for_status()
    return sample


def _processor_time() -> tuple[int, int]:
    """Idle and total time of all processors, in ticks (proc_stat(5)); zero where there is none."""
    if not _STAT.exists():
        return 0, os.cpu_count() or 1
    ticks = [int(field) for field in _STAT.read_text().splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
