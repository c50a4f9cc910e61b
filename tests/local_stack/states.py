"""What STATE_DIR keeps of the engine: whole states, each a folder that is there or is not.

    STATE_DIR/states/00000017/   a file for each service, and about.json
    STATE_DIR/objects/           the bucket's files, written as they are put

A state is written beside the others, reaches the disk, and gets its number last: the clock may be
set back. `about.json` holds its moment and each file's hash, so that one that was damaged since is
not taken for whole. The one before the newest stays.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_STATES = "states"
_UNFINISHED = ".unfinished"
_ABOUT = "about.json"
_LOCK = "engine.lock"
_KEPT = 2
_LOCK_SECONDS = 30.0


class NoStateError(Exception):
    """STATE_DIR has states, and none of them can be read; or an engine still writes there."""


@dataclass(frozen=True)
class State:
    """One whole state.

    Attributes:
        moment: what was acknowledged until then is in it; in UTC.
        is_last: the engine ended after it, in order, so that nothing came behind it.
    """

    folder: Path
    moment: datetime
    is_last: bool

    def copy_to(self, folder: Path) -> None:
        """Gives the engine a copy, so that the state itself is never written again."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns(_ABOUT))


def newest_state(state_dir: Path) -> tuple[State | None, list[str]]:
    """The newest whole state, None if nothing was ever kept; and the names of damaged newer ones.

    Raises:
        NoStateError: there are states, and all are damaged.
    """
    damaged: list[str] = []
    for folder in _folders(state_dir):
        if (found := _read(folder)) is not None:
            return found, damaged
        damaged.append(folder.name)
    if damaged:
        raise NoStateError(f"none of the states in {state_dir / _STATES} can be read")
    return None, []


def write_state(
    state_dir: Path, moment: datetime, write: Callable[[Path], None], *, is_last: bool
) -> None:
    """Keeps a state, and removes those before the one before.

    Args:
        moment: of the state.
        write: makes the files of the state in a folder.

    Raises:
        OSError: it could not be written; what was kept before is as it was.
    """
    states = state_dir / _STATES
    unfinished = states / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        write(unfinished)
        files = {file.name: _digest(file) for file in unfinished.iterdir()}
        about = {"moment": moment.isoformat(), "is_last": is_last, "files": files}
        (unfinished / _ABOUT).write_text(json.dumps(about), "utf-8")
        for written in (*unfinished.iterdir(), unfinished):
            _to_disk(written)
        newest = next(iter(_folders(state_dir)), Path("0"))
        unfinished.rename(states / f"{int(newest.name) + 1:08}")
        _to_disk(states)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)  # it may be what fills the disk
        raise
    for old in _folders(state_dir)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def write_file(file: Path, text: str) -> None:
    """Writes a file for its owner alone: entirely, or not at all."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, "utf-8")
    _to_disk(unfinished)
    unfinished.replace(file)
    _to_disk(file.parent)


@contextlib.contextmanager
def engine_lock(state_dir: Path, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """STATE_DIR for this engine alone: one whose stack was killed still writes for a moment.

    Raises:
        NoStateError: another engine has not ended within that time.
    """
    with (state_dir / _LOCK).open("w") as lock:
        deadline = time.monotonic() + seconds
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise NoStateError(f"an engine that was left behind still writes to {state_dir}")
            time.sleep(0.05)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folders(state_dir: Path) -> list[Path]:
    """Of all states, the newest first."""
    found = (state_dir / _STATES).glob("[0-9]*")
    return sorted(found, key=lambda folder: int(folder.name), reverse=True)


def _read(folder: Path) -> State | None:
    try:
        about = json.loads((folder / _ABOUT).read_text("utf-8"))
        moment = datetime.fromisoformat(about["moment"])
        whole = all(_digest(folder / name) == digest for name, digest in about["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return State(folder, moment, bool(about["is_last"])) if whole else None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
