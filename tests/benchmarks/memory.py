"""Memory of the whole stack: every process that it started, each shared page counted once.

The proportional set size (`Pss` in /proc/PID/smaps_rollup) divides a page by the processes that
share it, so that the sum is what the machine gives.
"""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.live import User
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import NO_TARGET, Table, Target
from tests.support.channel_client import is_event

_PROC = Path("/proc")
_SETTLE_S = 1.0
# Open WebUI 0.12.4 with the same provider, measured once on such a machine; not in this run.
_TARGET = Target(976, "≤ {} MB")
_KINDS = ("gateway", "data", "simulator", "functions")


def measure(bench: Bench) -> Iterable[Table]:
    table = Table(
        "Memory of the whole running stack (sum of PSS)",
        ("", *_KINDS, "processes", "together", "target", "this run"),
        notes=(
            "On a stack of its own, fresh. 976 MB: Open WebUI 0.12.4 on such a machine, measured",
            "once and not in this run.",
        ),
    )
    if not (_PROC / "self" / "smaps_rollup").exists():
        table.add("needs Linux's /proc", *[""] * (len(table.columns) - 1))
        return [table]
    with running_stack() as (process, stack), ThreadPoolExecutor(len(PROMPTS)) as executor:
        _add(table, "idle, just started", process.pid, _TARGET)
        user = User(stack, executor)
        stack.gemini(text_ms=0, image_ms=0)
        for prompt in PROMPTS:
            user.ask(prompt)
            user.seen(is_event("image-insert"))
        _add(table, "after ten pictures, one after another", process.pid, _TARGET)
        for prompt in PROMPTS:
            user.ask(prompt)
        for _ in PROMPTS:
            user.seen(is_event("image-insert"))
        # Twenty workers more: on AWS each would be a machine of its own.
        _add(table, "after ten more at once", process.pid, None)
        user.close()
    return [table]


def _add(table: Table, when: str, pid: int, target: Target | None) -> None:
    time.sleep(_SETTLE_S)
    members = family(pid)
    kinds = dict.fromkeys(_KINDS, 0.0)
    for member in members:
        kinds[_kind(member, pid)] += pss(member)
    together = sum(kinds.values())
    shares = [f"{megabytes:.0f} MB" for megabytes in kinds.values()]
    verdict = target.judged(together) if target else NO_TARGET
    table.add(when, *shares, str(len(members)), f"{together:.0f} MB", *verdict)


def _kind(member: int, gateway: int) -> str:
    if member == gateway:
        return "gateway"
    command = _read(member, "cmdline")
    if "local_stack.engine" in command:
        return "data"
    return "simulator" if "local_stack.gemini" in command else "functions"


def functions(gateway: int) -> list[int]:
    """The processes in which the functions of a stack run."""
    return [member for member in family(gateway) if _kind(member, gateway) == "functions"]


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.glob("[0-9]*"):
        children.setdefault(_parent(folder), []).append(int(folder.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def _parent(folder: Path) -> int:
    fields = _fields(int(folder.name))
    return int(fields[1]) if fields else 0  # ended meanwhile


def cpu_ms(pids: Iterable[int]) -> float:
    """Milliseconds of processor that processes had so far, in whole ticks of each."""
    ticks = [sum(map(int, fields[11:13])) for fields in map(_fields, pids) if fields]
    return 1000 * sum(ticks) / os.sysconf("SC_CLK_TCK")


def pss(pid: int) -> float:
    """Megabytes."""
    rollup = _read(pid, "smaps_rollup").splitlines()
    return next((int(line.split()[1]) for line in rollup if line.startswith("Pss:")), 0) / 1024


def peak(pid: int) -> float:
    """The most that was resident so far, in megabytes."""
    status = _read(pid, "status").splitlines()
    return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0) / 1024


def _fields(pid: int) -> list[str]:
    """Those of proc_pid_stat(5) from the third on, the state; nothing where it has ended."""
    # "pid (name) state ppid …"; the name may hold spaces and brackets.
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    """Nothing where the process has ended."""
    try:
        return (_PROC / str(pid) / name).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
