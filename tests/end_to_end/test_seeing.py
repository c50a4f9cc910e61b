"""What the functions write down of one picture: lines that belong together, and figures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event, is_update

PAINTERS = ("llm_handler_gemini", "image_generate")


def lines_of(stack: Stack, function: str) -> list[dict[str, Any]]:
    """The JSON lines of a function's log."""
    text = (stack.logs / f"{function}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def eventually(found: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What is found within some seconds; a function writes after its frames are there."""
    give_up = time.monotonic() + 30
    while not (lines := found()) and time.monotonic() < give_up:
        time.sleep(0.1)
    return lines


def test_one_click_is_one_correlation_id_through_both_functions(
    stack: Stack, alice: httpx.Client
) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        answer = alice.post("/chats/c/messages", json={"text": "paint a lake"}).json()
        tab.until(is_event("image-insert"))
    message_id = answer["assistant_message"]["id"]

    def about(function: str) -> list[dict[str, Any]]:
        return [line for line in lines_of(stack, function) if line.get("message_id") == message_id]

    [click] = {line["correlation_id"] for line in eventually(lambda: about(PAINTERS[0]))}
    assert {line["correlation_id"] for line in eventually(lambda: about(PAINTERS[1]))} == {click}
    figures: dict[str, Any] = {}
    for function in PAINTERS:
        [line] = eventually(
            lambda function=function: [  # type: ignore[misc]
                line
                for line in lines_of(stack, function)
                if "_aws" in line and line.get("correlation_id") == click
            ]
        )
        figures |= line
    assert figures["service"] == "afterimage"
    assert figures["Success"] == [100]
    assert figures["EndedComplete"] == [1]
    [placeholder], [preview], [picture] = (
        figures[f"{name}Time"] for name in ("Placeholder", "Preview", "Picture")
    )
    assert placeholder > 0
    assert 0 < preview < picture  # both are measured by the painter, the placeholder is not
    assert figures["ImageModelTime"][0] < picture
    assert figures.keys() >= {"TextOwnTime", "TextModelTime", "ImageOwnTime", "QueueTime"}


def test_how_a_wait_felt_reaches_the_figures(stack: Stack, alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        answer = alice.post("/chats/c/messages", json={"text": "hello"}).json()
        tab.until(is_update("complete"))
        message_id = answer["assistant_message"]["id"]
        tab.send({"action": "report", "message_id": message_id, "placeholder_ms": 54_321})
        tab.send({"action": "report", "message_id": message_id, "placeholder_ms": 54_322})
        tab.send({"action": "ping"})
        tab.until(is_event("pong"))

    felt = eventually(
        lambda: [line for line in lines_of(stack, "websocket") if "ReportsRefused" in line]
    )
    assert felt
    reported = [line.get("FeltPlaceholderTime") for line in lines_of(stack, "websocket")]
    # One message, one report; which of the two comes first is the network's.
    assert ([54_321] in reported) != ([54_322] in reported)
