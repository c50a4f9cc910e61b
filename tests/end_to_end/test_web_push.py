"""An answer that took a while ends, and nobody looks: a browser is told by Web Push."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import httpx
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient, is_event

PATIENCE_S = 20.0
TOOK_MS = 5_500  # what comes within five seconds is not told


class Phone:
    """A browser that is subscribed at the stack's push service."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.subscription: dict[str, Any] = http.post("/dev/push").json()

    def asks(self) -> httpx.Response:
        return self._http.put("/push/subscription", json=self.subscription)

    def told(self, at_least: int = 0) -> list[dict[str, Any]]:
        """What it was told, waiting for so many."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            got = self._http.get(self.subscription["endpoint"]).json()["received"]
            if len(got) >= at_least or time.monotonic() > deadline:
                return [json.loads(each["payload"]) for each in got]
            time.sleep(0.1)


def slow_answer(stack: RunningStack, http: httpx.Client, tab: ChannelClient) -> dict[str, Any]:
    """A text that takes longer than five seconds; its message."""
    stack.gemini(script=[{"on": "text", "delay_ms": TOOK_MS}])
    answer = http.post("/chats/c/messages", json={"text": "hello"}, timeout=30).json()
    message: dict[str, Any] = answer["assistant_message"]
    tab.until(is_event("message-update"))
    return message


def until_decided(stack: RunningStack, message_id: str) -> None:
    """The keeper has looked whether anybody looks."""
    deadline = time.monotonic() + PATIENCE_S
    while message_id not in (stack.logs / "keeper.log").read_text():
        assert time.monotonic() < deadline, "the keeper was not asked"
        time.sleep(0.1)


def test_a_browser_is_told_where_nobody_looks_and_not_otherwise(stack: RunningStack) -> None:
    """Nor after it said that it wants to be told no more."""
    http = stack.http(f"away-{uuid.uuid4().hex[:8]}")
    phone, former = Phone(http), Phone(http)
    for one in (phone, former):
        assert one.asks().status_code == 204
    endpoint = {"endpoint": former.subscription["endpoint"]}
    assert http.request("DELETE", "/push/subscription", json=endpoint).status_code == 204
    with ChannelClient(http) as tab:
        tab.resumed()
        tab.send({"action": "visible", "value": True})
        seen = slow_answer(stack, http, tab)
        until_decided(stack, seen["id"])
        tab.send({"action": "visible", "value": False})
        message = slow_answer(stack, http, tab)

    assert phone.told(at_least=1) == [
        {"chat_id": "c", "message_id": message["id"], "outcome": "complete"}
    ]
    assert former.told() == []


def test_an_address_of_elsewhere_is_refused(stack: RunningStack) -> None:
    http = stack.http("mallory")
    asked = Phone(http).subscription | {"endpoint": "https://169.254.169.254/latest/meta-data"}

    refused = http.put("/push/subscription", json=asked)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid")


def test_a_page_subscribes_with_the_key_that_pushes_are_signed_with(stack: RunningStack) -> None:
    http = stack.http("alice")

    config = http.get("/config.json").json()

    assert len(config["push_public_key"]) == 87
