"""Somebody begins to write after a pause: nothing from Enter to the picture starts cold then.

A function's process says with each line of its log whether it is in its first invocation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.channel_client import ChannelClient, is_event

WARMED = ["image_generate", "llm_handler_gemini"]
PATIENCE_S = 20.0


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RunningStack]:
    """A stack that nobody has used: every function is as after a long pause."""
    with StackProcess(tmp_path).running() as stack:
        yield stack


def logged(stack: RunningStack) -> list[dict[str, Any]]:
    texts = [(stack.logs / f"{name}.log").read_text() for name in stack.functions]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if "cold_start" in line]


def ready(stack: RunningStack) -> list[dict[str, Any]]:
    return [line for line in logged(stack) if line["message"] == "ready"]


def test_nothing_from_enter_to_the_picture_starts_cold(fresh: RunningStack) -> None:
    alice = fresh.http("alice")
    for path in ("/chats", "/images", "/usage"):
        alice.get(path).raise_for_status()
    with ChannelClient(alice) as tab:
        tab.resumed()
        for _ in range(3):
            tab.send({"action": "typing"})
        deadline = time.monotonic() + PATIENCE_S
        while len(ready(fresh)) < len(WARMED) and time.monotonic() < deadline:
            time.sleep(0.05)
        built = ready(fresh)
        alice.post("/chats/c/messages", json={"text": "paint a fox"}).raise_for_status()
        tab.until(is_event("image-insert"))

    assert sorted(line["service"] for line in built) == WARMED
    assert all(line["cold_start"] and line["failed"] == 0 for line in built)
    at_work = [line for line in logged(fresh) if line not in built and line["service"] in WARMED]
    assert {line["service"] for line in at_work} == set(WARMED)
    assert [line for line in at_work if line["cold_start"]] == []
    assert len(ready(fresh)) == len(WARMED)
