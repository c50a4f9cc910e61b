"""One user sends sixty texts at the same moment, to a model that answers at once.

Each is two transactions on the one counter of the user, and they lose to one another. A text that
is refused because of that is sent again, as a client does. It has ended when its answer is there
over HTTP, so that no socket that falls behind decides it.
"""

import asyncio
import time
from collections.abc import Iterable
from functools import partial

import httpx

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.crowd import send
from tests.benchmarks.report import Table, add_trees, in_turns, seconds
from tests.benchmarks.trees import Tree
from tests.faults.client import signed_in
from tests.local_stack.testing import RunningStack

_TEXTS = 60


def measure(bench: Bench) -> Iterable[Table]:
    bursts = in_turns(bench.repeat, [partial(_burst, tree) for tree in bench.trees])
    table = Table(
        f"{_TEXTS} texts of one user at once, the model answers at once",
        ("", "all ended after", "sent again"),
        notes=(f"Medians of {bench.repeat}.",),
    )
    add_trees(table, [tree.name for tree in bench.trees], bursts, (seconds, "{:.0f}".format))
    yield table


def _burst(tree: Tree) -> list[float]:
    """Milliseconds until all have ended; how many were sent again."""
    with running_stack(tree, MAX_OPEN_MESSAGES=str(2 * _TEXTS)) as (_, stack):
        stack.gemini(text_ms=0)
        return asyncio.run(_texts(stack))


async def _texts(stack: RunningStack) -> list[float]:
    async with signed_in(stack, "burst") as http:
        await _text(http)
        started = time.monotonic()
        again = await asyncio.gather(*(_text(http) for _ in range(_TEXTS)))
        return [(time.monotonic() - started) * 1000, sum(again)]


async def _text(http: httpx.AsyncClient) -> int:
    _, again = await send(http, "hello", until_it_ends=True)
    return again
