"""`python -m tests.support.read_hostile_pictures`: develops every hostile file in a small process.

Each comes in pieces, as a model's would.

Prints one line of JSON for each: its name, its size or that it was refused, the CPU time that took
in seconds, and the memory in MB that was held at most. The limits are the kernel's, so whoever
passes them is killed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from afterimage.adapters.pictures import PillowStudio, WebpSettings
from afterimage.domain.errors import NoImage, NotAPicture
from tests.support.hostile_pictures import handled, refused

MEMORY = 1024 * 1024 * 1024  # bytes of address space; the function has more of real memory
_SECONDS = 100  # of CPU
_PIECE = 48 * 1024  # bytes; as the provider's come


def _outcome(studio: PillowStudio, data: bytes) -> str:
    coming = studio.coming()
    for at in range(0, len(data), _PIECE):
        coming.add(data[at : at + _PIECE])
    coming.complete(data)
    try:
        picture = studio.decode(data)
    except NoImage:
        return "refused" if _is_refused(studio, data) else "brought all the same"
    if _is_refused(studio, data):
        return "not to be brought"
    picture.preview(), picture.thumbnail(), picture.color(), picture.thumbhash()
    full = picture.full()
    return f"{full.width} x {full.height}"


def _is_refused(studio: PillowStudio, data: bytes) -> bool:
    """Whether nobody can bring it, either."""
    try:
        studio.bring(data)
    except NotAPicture:
        return True
    return False


def _peak_mb(*, reset: bool = False) -> float:
    """The most that has been held since the last reset (proc(5), clear_refs)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    files = {**refused(), **{name: data for name, (data, _) in handled().items()}}
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    studio = PillowStudio(WebpSettings())
    for name, data in files.items():
        started, held = time.process_time(), _peak_mb(reset=True)
        outcome = _outcome(studio, data)
        line = {
            "name": name,
            "outcome": outcome,
            "seconds": time.process_time() - started,
            "mb": _peak_mb() - held,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
