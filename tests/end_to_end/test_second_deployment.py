"""Two runs of a stack of its own, the second on what the first one kept when it was killed.

What the aliases call is what answers; what was under way ends; and in the first, which nobody has
used, nothing from Enter to the picture starts cold once somebody has begun to write.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.channel_client import ChannelClient, is_event

# Their versions hold no address of the simulator, which is another one in each run.
OTHERS = ("websocket", "keeper", "web_page")
WARMED = ["image_generate", "llm_handler_gemini"]
CHAT = "before-and-after"
PATIENCE = 20.0  # seconds; the deadlines of what was under way are minutes away


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder of a stack that ended at once while a text and a picture were under way."""
    process = run_in(tmp_path, "DailyImageLimit=3")
    stack = process.start()
    try:
        assert limit_of(stack) == 3
        assert set(stack.versions.values()) == {"1"}
        expect_nothing_starts_cold(stack)
        leave_under_way(stack.http("alice"), stack)
        time.sleep(2)  # so that a kill finds all of it kept
    finally:
        stack.close()
        os.kill(process.pid, signal.SIGKILL)
        process.stop()
    return tmp_path


def run_in(folder: Path, *settings: str) -> StackProcess:
    parameters = [argument for one in settings for argument in ("--parameter", one)]
    return StackProcess(folder, *parameters, env={"STATE_DIR": str(folder / "state")})


def limit_of(stack: RunningStack) -> int:
    limit: int = stack.http("alice").get("/usage").raise_for_status().json()["limit"]
    return limit


def test_another_setting_and_no_other_function_is_seen_after_a_second_deployment(
    killed: Path,
) -> None:
    # Two more: a setting of nobody, and what is no part of a version
    process = run_in(
        killed, "DailyImageLimit=4", "AlarmEmail=night@example.org", "ImageConcurrency=20"
    )
    with process.running() as stack:
        assert (limit_of(stack), stack.versions["chat_api"]) == (4, "2")
        assert {stack.versions[name] for name in OTHERS} == {"1"}
        expect_all_has_ended(stack.http("alice"))


# --- What was under way --------------------------------------------------------------------------


def leave_under_way(client: httpx.Client, stack: RunningStack) -> None:
    stack.gemini(text_ms=20, image_ms=600_000)
    ask(client, "paint a lighthouse in a storm")
    stack.gemini(text_ms=600_000)
    ask(client, "Hello, how are you?")
    assert [a["meta"]["status"] for a in answers(client)] == ["thinking", "generating"]


def ask(client: httpx.Client, text: str) -> None:
    """Sends a message; its answer may take longer than anybody waits for it here."""
    with contextlib.suppress(httpx.TimeoutException):
        client.post(f"/chats/{CHAT}/messages", json={"text": text}, timeout=3)


def answers(client: httpx.Client) -> list[dict[str, Any]]:
    """The assistant's messages, the newest first."""
    messages = client.get(f"/chats/{CHAT}/messages").raise_for_status().json()["messages"]
    return [message for message in messages if message["role"] == "assistant"]


def expect_all_has_ended(client: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(answer["meta"]["status"] != "failed" for answer in answers(client)):
        assert time.monotonic() < deadline, answers(client)
        time.sleep(0.2)
    assert len(answers(client)) == 2
    assert client.get("/usage").json()["used"] == 0
    assert all(answer["meta"]["error"]["message"] for answer in answers(client))


# --- Warm before it is asked ---------------------------------------------------------------------


def logged(stack: RunningStack) -> list[dict[str, Any]]:
    """Each says whether its function's process is in its first invocation."""
    texts = [(stack.logs / f"{name}.log").read_text() for name in stack.functions]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if "cold_start" in line]


def ready(stack: RunningStack) -> list[dict[str, Any]]:
    return [line for line in logged(stack) if line["message"] == "ready"]


def expect_nothing_starts_cold(fresh: RunningStack) -> None:
    writer = fresh.http("writer")
    for path in ("/chats", "/images", "/usage"):
        writer.get(path).raise_for_status()
    with ChannelClient(writer) as tab:
        tab.resumed()
        for _ in range(3):
            tab.send({"action": "typing"})
        deadline = time.monotonic() + PATIENCE
        while len(ready(fresh)) < len(WARMED) and time.monotonic() < deadline:
            time.sleep(0.05)
        built = ready(fresh)
        writer.post("/chats/c/messages", json={"text": "paint a fox"}).raise_for_status()
        tab.until(is_event("image-insert"))

    assert sorted(line["service"] for line in built) == WARMED
    assert all(line["cold_start"] and line["failed"] == 0 for line in built)
    at_work = [line for line in logged(fresh) if line not in built and line["service"] in WARMED]
    assert {line["service"] for line in at_work} == set(WARMED)
    assert [line for line in at_work if line["cold_start"]] == []
    assert len(ready(fresh)) == len(WARMED)
