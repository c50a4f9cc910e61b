"""What was under way when the stack stopped, seen after it has started again."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack, StackProcess

CHAT = "before-and-after"
PATIENCE = 20.0  # seconds; the deadlines of what was under way are minutes away


def ask(client: httpx.Client, text: str) -> None:
    """Sends a message; its answer may take longer than anybody waits for it here."""
    with contextlib.suppress(httpx.TimeoutException):
        client.post(f"/chats/{CHAT}/messages", json={"text": text}, timeout=3)


def answers(client: httpx.Client) -> list[dict[str, Any]]:
    """The assistant's messages, the newest first."""
    messages = client.get(f"/chats/{CHAT}/messages").raise_for_status().json()["messages"]
    return [message for message in messages if message["role"] == "assistant"]


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[StackProcess]:
    """A stack that ended at once while a text and a picture were under way."""
    process = StackProcess(tmp_path, env={"STATE_DIR": str(tmp_path / "state")})
    stack = process.start()
    stack.gemini(text_ms=20, image_ms=600_000)
    client = stack.http("alice")
    ask(client, "paint a lighthouse in a storm")
    stack.gemini(text_ms=600_000)
    ask(client, "Hello, how are you?")
    assert [a["meta"]["status"] for a in answers(client)] == ["thinking", "generating"]
    time.sleep(2)  # so that a kill finds all of it kept
    stack.close()
    os.kill(process.pid, signal.SIGKILL)
    process.stop()
    yield process
    process.stop()


def test_what_was_under_way_ends_at_the_next_start(killed: StackProcess) -> None:
    stack: RunningStack = killed.start()
    client = stack.http("alice")

    deadline = time.monotonic() + PATIENCE
    while any(answer["meta"]["status"] != "failed" for answer in answers(client)):
        assert time.monotonic() < deadline, answers(client)
        time.sleep(0.2)

    assert client.get("/usage").json()["used"] == 0
    assert all(answer["meta"]["error"]["message"] for answer in answers(client))
    stack.close()
