"""`python -m tests.sam_local`: every function with its events under `sam local`, judged.

Exit status: 0 if everything is right, 1 if something is wrong, 3 if there is no container engine
and none can be had (0 then, too, with --if-possible).
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from tests.local_stack.testing import StackProcess
from tests.sam_local import base_image
from tests.sam_local.beside import Containers, beside, surroundings_of
from tests.sam_local.engine import Engine, NoEngineError, container_engine
from tests.sam_local.engine_api import EngineApi, EngineError
from tests.sam_local.events import all_events, functions
from tests.sam_local.http_api import http_rows
from tests.sam_local.rows import Row, table
from tests.sam_local.runner import Runner
from tests.sam_local.sam import Sam, SamError, build
from tests.sam_local.scenario import USER, Scenario
from tests.sam_local.served import served

_NO_ENGINE = 3
_MEMORY = Path("/dev/shm")  # noqa: S108 - for a folder of our own in it
_ROOM = 4 * 2**30  # bytes
_AT_MOST_SECONDS = 600


class TooLongError(Exception):
    """The whole run hangs."""


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sam_local", description=__doc__)
    parser.add_argument("--if-possible", action="store_true", help="0 where there is no engine")
    given = parser.parse_args(arguments)
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, _end)
    signal.alarm(_AT_MOST_SECONDS)
    started = time.monotonic()
    try:
        rows = _run()
    except NoEngineError as error:
        print(f"sam local was not run: {error}.")
        return 0 if given.if_possible else _NO_ENGINE
    except (EngineError, SamError, subprocess.SubprocessError, TooLongError, OSError) as error:
        print(f"sam local could not be run: {error}", file=sys.stderr)
        return 1
    return _told(rows, time.monotonic() - started)


def _run() -> list[Row]:
    with ExitStack() as opened:
        temporary = tempfile.TemporaryDirectory(
            prefix="afterimage-sam-", dir=_in_memory(), ignore_cleanup_errors=True
        )
        folder = Path(opened.enter_context(temporary))
        pool = opened.enter_context(ThreadPoolExecutor(1))
        # Side by side, because it needs no engine and takes as long.
        built = pool.submit(build, folder / "sam")
        engine = opened.enter_context(container_engine(folder / "engine"))
        api = opened.enter_context(EngineApi(engine.host))
        image = base_image.prepare(api, folder / "image")
        if image is not None and not engine.own:
            opened.callback(api.remove_image, image)
        return _beside_a_stack(folder, engine, api, image, pool, built)


def _in_memory() -> str | None:
    """A folder in memory where there is room: images are built and unpacked many times."""
    there = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return str(_MEMORY) if there else None


def _beside_a_stack(
    folder: Path,
    engine: Engine,
    api: EngineApi,
    image: str | None,
    pool: ThreadPoolExecutor,
    built: "Future[None]",
) -> list[Row]:
    # One painter at most, whom the scenario keeps busy.
    process = StackProcess(_made(folder / "stack"), "--parameter", "ImageConcurrency=1")
    stack = process.start()
    try:
        built.result()
        with beside(surroundings_of(stack.url), api) as containers:
            sam = Sam(
                engine=engine.host,
                folder=folder / "sam",
                env_vars=_written(folder / "env.json", containers),
                add_host=containers.add_host,
                credentials=containers.credentials,
                image=image,
            )
            token = stack.token(USER, iss=containers.issuer)
            # Beside the others, because most of its time is waiting.
            asked = pool.submit(http_rows, sam, stack.token("carol", iss=containers.issuer), folder)
            scenario = Scenario(stack, token, all_events())
            events = _made(folder / "events")
            with served(sam, api, sorted(functions()), events) as by_name:
                rows = Runner(sam, api, by_name, events).all_of(scenario)
            answered, made = asked.result()
            for container in made:
                api.remove_container(container)
            return [*rows, *answered]
    finally:
        stack.close()
        problem = process.stop()
        if problem:
            print(problem, file=sys.stderr)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _written(file: Path, containers: Containers) -> Path:
    file.write_text(json.dumps(containers.env_vars))
    return file


def _told(rows: Sequence[Row], seconds: float) -> int:
    # What is wrong comes last, where a log that was cut still has it.
    for line in table(sorted(rows, key=lambda row: bool(row.problems))):
        print(line)
    wrong = sum(bool(row.problems) for row in rows)
    print(f"{len(rows)} answers, {wrong} wrong, in {seconds:.0f} s")
    return 1 if wrong else 0


def _end(number: int, _: FrameType | None) -> None:
    if number == signal.SIGALRM:
        raise TooLongError(f"it takes longer than {_AT_MOST_SECONDS} s")
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
