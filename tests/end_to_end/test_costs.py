"""What a day has cost is what the provider counted, to the last token, whatever came of it."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import httpx
from tests.local_stack.testing import RunningStack as Stack
from tests.support.costs import by_the_provider

_PATIENCE = 30.0  # seconds; only so that a broken run ends


def ask(http: httpx.Client, text: str) -> dict[str, Any]:
    """The answer, once it has ended."""
    answer = http.post("/chats/c/messages", json={"text": text}, timeout=40).raise_for_status()
    message: dict[str, Any] = answer.json()["assistant_message"]
    give_up = time.monotonic() + _PATIENCE
    while message["meta"]["status"] in ("thinking", "generating"):
        assert time.monotonic() < give_up, "never ended"
        time.sleep(0.1)
        message = http.get(f"/chats/c/messages/{message['id']}").raise_for_status().json()
    return message


def costs(http: httpx.Client, expected: Decimal) -> bool:
    """Whether the day has come to cost that: it is written when nobody waits any more."""
    give_up = time.monotonic() + _PATIENCE
    while Decimal(http.get("/usage").json()["cost_usd"]) != expected:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True


def test_every_call_costs_what_the_provider_counted(stack: Stack, word: str) -> None:
    http = stack.http(word)
    script = [
        {"on": "image", "match": f"fox {word}", "finish_reason": "IMAGE_SAFETY"},
        {"on": "image", "match": f"boat {word}", "status": 503},
        {"on": "image", "match": f"cat {word}", "finish_reason": "NO_IMAGE"},
    ]
    stack.gemini(script=script)

    ends = [
        ask(http, f"{text} {word}")["meta"]["status"]
        for text in ("hello", "paint a fox", "paint a boat", "paint a cat")
    ]

    assert ends == ["complete", "failed", "complete", "complete"]
    log = [entry for entry in stack.gemini()["log"] if word in entry["prompt"]]
    kinds = " ".join(entry["kind"] for entry in log)
    assert kinds == "text text image text image image text image image"
    paid = by_the_provider(log, word)
    assert paid > Decimal("0.1")  # three pictures' worth of tokens, one of which never came
    assert costs(http, paid)
    usage = http.get("/usage").json()
    assert (usage["used"], usage["text_calls"], usage["provider_calls"]) == (2, 4, 4)
