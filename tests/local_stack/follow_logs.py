"""Shows the functions' log lines on the terminal as they are written."""

import asyncio
import sys
from pathlib import Path

_EVERY_SECONDS = 0.2


async def follow_logs(folder: Path) -> None:
    """Copies what is appended to the logs in `folder` to standard error until cancelled."""
    seen: dict[Path, int] = {}
    while True:
        await asyncio.to_thread(_copy_all, folder, seen)
        await asyncio.sleep(_EVERY_SECONDS)


def _copy_all(folder: Path, seen: dict[Path, int]) -> None:
    for log in sorted(folder.glob("*.log")):
        seen[log] = _copy(log, seen.get(log, 0))


def _copy(log: Path, offset: int) -> int:
    with log.open("rb") as file:
        file.seek(offset)
        for line in file:
            sys.stderr.write(f"{log.stem}: {line.decode(errors='replace').rstrip()}\n")
        return file.tell()
