"""`python -m tests.peer`: the bundle beside Open WebUI, on this machine, with one provider.

Open WebUI is installed into an environment of its own in a temporary folder, which takes minutes
and a gigabyte; `--peer PYTHON` uses one that is there. Both ask the local stack's simulator for the
same PNG, straight, without a text model. Whatever waits has a limit; all is stopped at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, median

import httpx

from tests.benchmarks.bench import running_stack
from tests.benchmarks.crowd import PATIENT, pictures
from tests.benchmarks.live import User
from tests.benchmarks.memory import cpu_ms, family, pss
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import Table, megabytes, ms, seconds
from tests.faults.client import Crowd
from tests.local_stack.testing import RunningStack
from tests.peer.open_webui import OpenWebUi, installed
from tests.support.channel_client import is_event, is_update

_IMAGE_MS = 1_000
_ROUNDS, _USERS = 10, 40


def main() -> int:
    """Returns 0; 2 if Open WebUI cannot be had here."""
    parser = argparse.ArgumentParser(prog="python -m tests.peer", description=__doc__)
    parser.add_argument("--peer", type=Path, help="a Python that has open-webui already")
    parser.add_argument("--python", default="python3.12", help="that makes its environment")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="afterimage-peer-") as folder:
        try:
            peer = given.peer or installed(Path(folder), given.python)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"Open WebUI cannot be installed here: {error}", file=sys.stderr)
            return 2
        with running_stack() as (process, stack):
            stack.gemini(text_ms=0, image_ms=_IMAGE_MS, image_format="png")
            with OpenWebUi(peer, Path(folder), stack.status()["gemini"]) as other:
                table = _compared(stack, process.pid, other)
                print("\n".join(table.lines()))
    return 0


def _compared(stack: RunningStack, pid: int, other: OpenWebUi) -> Table:
    table = Table(
        f"Beside Open WebUI, the same PNG from a provider of {_IMAGE_MS} ms",
        ("", "Afterimage", "Open WebUI"),
        notes=("Memory: sum of PSS. Of ours the engine and the simulator, which stand for AWS.",),
    )
    ours, theirs = _one_user(stack, pid, other)
    names = "a picture, over the provider's time", "CPU of all processes a picture"
    for name, our, their in zip(names, ours, theirs, strict=True):
        table.add(name, ms(our), ms(their))
    with Crowd(stack) as crowd:
        tabs = [crowd.tab(f"crowd-{number}", rules=PATIENT) for number in range(_USERS)]
        took = crowd.run(pictures(tabs, paint=True))
    our_memory = sum(map(pss, family(pid)))
    their_took = asyncio.run(_at_once(other))
    their_memory = sum(map(pss, family(other.pid)))
    table.add(f"{_USERS} users at once, median", seconds(median(took)), seconds(median(their_took)))
    table.add("the same, slowest", seconds(max(took)), seconds(max(their_took)))
    table.add("memory then", megabytes(our_memory), megabytes(their_memory))
    return table


def _one_user(
    stack: RunningStack, pid: int, other: OpenWebUi
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Each takes turns with the other: milliseconds, and those of the processor."""
    with ThreadPoolExecutor(2) as executor, httpx.Client(**other.signed_in("admin")) as theirs:
        user = User(stack, executor)

        def ours() -> None:
            answer = user.ask(PROMPTS[0], paint=True)
            user.seen(is_update("complete"))
            user.tab.until(is_event("image-insert"))
            answer.result().raise_for_status()

        def others() -> None:
            theirs.post(other.path, json={"prompt": PROMPTS[0]}).raise_for_status()

        sides = ((ours, pid), (others, other.pid))
        took: list[list[float]] = [[], []]
        spent: list[list[float]] = [[], []]
        for number in range(_ROUNDS + 2):
            for side, (paint, root) in enumerate(sides):
                before = cpu_ms(family(root))
                took[side].append(_timed(paint) - _IMAGE_MS)
                spent[side].append(cpu_ms(family(root)) - before)
                if number < 2:  # the first ones make what is made once
                    took[side].clear()
                    spent[side].clear()
        user.close()
    first, second = ((median(took[side]), mean(spent[side])) for side in (0, 1))
    return first, second


def _timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return (time.monotonic() - began) * 1000


async def _at_once(other: OpenWebUi) -> list[float]:
    """Milliseconds of each."""
    clients = [httpx.AsyncClient(**other.signed_in(f"user-{n}")) for n in range(_USERS)]

    async def one(client: httpx.AsyncClient) -> float:
        began = time.monotonic()
        (await client.post(other.path, json={"prompt": PROMPTS[0]})).raise_for_status()
        return (time.monotonic() - began) * 1000

    asked: list[Awaitable[float]] = [one(client) for client in clients]
    took = await asyncio.gather(*asked)
    await asyncio.gather(*(client.aclose() for client in clients))
    return list(took)


if __name__ == "__main__":
    sys.exit(main())
