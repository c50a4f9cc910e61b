"""The most memory that the largest pictures take, each in a fresh process.

What the function does between the provider's bytes and its uploads: the picture is decoded while
its event comes, and everything derived from it side by side. Besides, the process holds
what a cold start imports. In another one, all sources that may be are sent with a request: they
are encoded piece by piece.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.report import NO_TARGET, Table, Target
from tests.support.template import ROOT, template

_CHILD = Path(__file__).with_name("picture_memory_child.py")
_SENDING = Path(__file__).with_name("source_memory_child.py")
_SIZES = ("1024x1024", "5504x3072", "4096x4096")
_FORMATS = ("jpeg", "png")


def measure(bench: Bench) -> Iterable[Table]:
    given = template()["Globals"]["Function"]["MemorySize"]
    target = Target(given, "≤ {} MB")
    table = Table(
        "Memory of one picture in a fresh process",
        ("", "file", "at most", "target", "this run"),
        notes=("Resident, with what the function imports. The target is its MemorySize.",),
    )
    for size in _SIZES:
        for image_format in _FORMATS:
            file, peak = _measured(_CHILD, size, image_format)
            verdict = target.judged(peak) if size != _SIZES[0] else NO_TARGET
            cells = f"{file:.1f} MB", f"{peak:.0f} MB"
            table.add(f"{size} {image_format.upper()}", *cells, *verdict)
    sources, peak = _measured(_SENDING)
    table.add("14 sources, sent", f"{sources:.1f} MB", f"{peak:.0f} MB", *target.judged(peak))
    return [table]


def _measured(child: Path, *args: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, str(child), *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'shared'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    file, peak = map(float, done.stdout.split())
    return file, peak
