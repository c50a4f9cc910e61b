"""The processes of `image_generate` on this machine, held to one core as Lambda's 1,769 MB are."""

import os
from contextlib import suppress
from pathlib import Path

from tests.local_stack.testing import RunningStack

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Painter:
    """Those of one stack."""

    def __init__(self, stack: RunningStack) -> None:
        self._marks = {
            f"AWS_LAMBDA_FUNCTION_NAME={stack.functions['image_generate']}".encode(),
            f"AWS_ENDPOINT_URL={stack.aws_endpoint}".encode(),
        }

    def hold_to_one_core(self) -> None:
        """All of its threads to the last core; what they start inherits it. Linux only."""
        core = max(os.sched_getaffinity(0))
        for pid in self._pids():
            for task in (_PROC / str(pid) / "task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(task.name), {core})

    def cpu_s(self) -> float:
        """Seconds of processor, of user and system, that it has had."""
        return sum(_ticks(pid) for pid in self._pids()) * _TICK_S

    def _pids(self) -> list[int]:
        return [int(folder.name) for folder in _PROC.glob("[0-9]*") if self._is_one(folder)]

    def _is_one(self, folder: Path) -> bool:
        try:
            return self._marks <= {*(folder / "environ").read_bytes().split(b"\0")}
        except OSError:
            return False


def _ticks(pid: int) -> int:
    try:
        # "pid (name) state …", of which fields 14 and 15 count (proc(5)).
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
