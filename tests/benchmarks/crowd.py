"""Forty users ask for a picture at the same moment, on a stack that just started.

Their tabs keep the contract's rules: they come back where they are cut off, and send again what
was refused for now. With another commit both are asked, one behind the other: two such crowds would
take the machine from one another.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import httpx
from ulid import ULID

from tests.benchmarks.bench import Bench, running_stack
from tests.benchmarks.memory import family, pss
from tests.benchmarks.prompts import PROMPTS
from tests.benchmarks.report import Table, add_trees, in_turns, megabytes, seconds
from tests.benchmarks.trees import Tree
from tests.faults.client import Client, Crowd, Rules

_USERS = 40
_IMAGE_MS = 1_000
_PATIENCE_S = 110.0
PATIENT = Rules(answer=60.0)  # who comes back because the machine is slow makes it slower
_BUSY, _UNDER_WAY = 503, 202
_PAUSE_S = 0.2


def measure(bench: Bench) -> Iterable[Table]:
    crowds = in_turns(bench.repeat, [partial(_gather, tree) for tree in bench.trees])
    table = Table(
        f"{_USERS} users ask for a picture at once, PNG, the provider takes {_IMAGE_MS} ms",
        ("question to complete", "median", "slowest", "memory"),
        notes=(f"Medians of {bench.repeat}. Memory: of the whole local stack then (sum of PSS).",),
    )
    add_trees(table, [tree.name for tree in bench.trees], crowds, (seconds, seconds, megabytes))
    yield table


async def send(
    http: httpx.AsyncClient, text: str, *, until_it_ends: bool = False, paint: bool = False
) -> tuple[httpx.Response, int]:
    """Posts a message into a chat of its own, with its id, until it is taken.

    Args:
        until_it_ends: or until its answer is there, where the gateway did not wait for it.
        paint: without a text model.

    Returns:
        The answer, and how many times it was sent again.
    """
    path = f"/chats/{uuid.uuid4().hex}/messages"
    body = {"id": str(ULID()), "text": text, **({"paint": True} if paint else {})}
    again, repeated = 0, (_BUSY, _UNDER_WAY) if until_it_ends else (_BUSY,)
    while (response := await http.post(path, json=body)).status_code in repeated:
        await asyncio.sleep(_wait_s(response))
        again += 1
    return response.raise_for_status(), again


def _wait_s(answer: httpx.Response) -> float:
    """As long as a refusal says; a gateway that gave up says nothing."""
    error: Mapping[str, Any] = answer.json().get("error", {})
    return float(error.get("retry_after") or _PAUSE_S)


def _gather(tree: Tree) -> list[float]:
    """Median and slowest, in milliseconds; megabytes."""
    with running_stack(tree) as (process, stack), Crowd(stack) as crowd:
        stack.gemini(text_ms=0, image_ms=_IMAGE_MS, image_format="png")
        names = [f"crowd-{uuid.uuid4().hex[:8]}" for _ in range(_USERS)]
        tabs = [crowd.tab(name, rules=PATIENT) for name in names]
        crowd.run(pictures(tabs[:1]))  # painted
        took = crowd.run(pictures(tabs))
        return [median(took), max(took), sum(map(pss, family(process.pid)))]


async def pictures(tabs: Sequence[Client], *, paint: bool = False) -> list[float]:
    """All tabs ask for one at the same moment: milliseconds to each."""
    return await asyncio.gather(*(_picture(tab, paint=paint) for tab in tabs))


async def _picture(tab: Client, *, paint: bool) -> float:
    asked = time.monotonic()
    response, _ = await send(tab.http, PROMPTS[0], paint=paint)
    message_id = response.json()["assistant_message"]["id"]

    def is_there(shown: Client) -> bool:
        return bool(shown.shown.messages[message_id]["meta"]["status"] == "complete")

    await tab.until(is_there, _PATIENCE_S)
    return (time.monotonic() - asked) * 1000
