"""Nobody spends more of a day than they may, whichever way they take: the provider counts along.

The worst case of docs/costs.md, computed by attack: people with every right to ask send, retry,
cancel and retry side by side, while the provider fails in each of its ways, until they are refused.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.faults.conftest import a_stack
from tests.faults.invariants import check_user
from tests.local_stack.testing import RunningStack
from tests.support.costs import by_the_provider

PICTURES, MESSAGES, IMAGE_CALLS, TEXT_CALLS = 2, 6, 4, 5
_SIDE_BY_SIDE = 3
_ATTEMPTS = 40  # of each who attacks; many more than any limit
_PATIENCE = 60.0  # seconds; only so that a broken run ends

pytestmark = pytest.mark.timeout(300)

# What the provider does to one user's calls, and whether it is paid for it.
WAYS: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "paints": ([], True),
    "blocks": ([{"on": "image", "finish_reason": "IMAGE_SAFETY"}], True),
    "answers nothing": ([{"on": "image", "no_candidates": True}], True),
    "breaks off": ([{"on": "image", "cut_after_bytes": 1000}], True),
    "says nothing": ([{"on": "text", "no_candidates": True}], True),
    "breaks off its words": ([{"on": "text", "cut_after_bytes": 20}], True),
    "is busy": ([{"on": "image", "status": 503}], False),
    "is busy with words": ([{"on": "text", "status": 503}], False),
    "refuses": ([{"on": "image", "status": 400, "reason": "bad_request"}], False),
}
# Whose answers do not say what they used.
BROKEN = {
    "answers nothing": "image",
    "breaks off": "image",
    "says nothing": "text",
    "breaks off its words": "text",
}


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """With so little for everybody that it is soon used up."""
    with a_stack(
        tmp_path_factory.mktemp("poor"),
        "--schedule-interval=2",
        DailyImageLimit=str(PICTURES),
        DailyMessageLimit=str(MESSAGES),
        DailyImageCalls=str(IMAGE_CALLS),
        DailyTextCalls=str(TEXT_CALLS),
    ) as running:
        yield running


def test_no_way_in_costs_more_than_the_day_allows(poor: RunningStack, user: str) -> None:
    words = {way: f"w{number}{user[2:]}" for number, way in enumerate(WAYS)}
    entries = [
        {**entry, "match": words[way]}
        for way, (script, _) in WAYS.items()
        for entry in script * _ATTEMPTS
    ]
    poor.gemini(text_ms=20, image_ms=50, script=entries)

    with ThreadPoolExecutor(len(WAYS) * _SIDE_BY_SIDE) as threads:
        attacks = {
            way: [
                threads.submit(attack, poor.http(words[way]), words[way], clicks)
                for clicks in (send, send_and_retry, cancel_and_retry)
            ]
            for way in WAYS
        }
        ends = {way: {each.result() for each in each_way} for way, each_way in attacks.items()}

    log = poor.gemini()["log"]
    for way, (_, billed) in WAYS.items():
        usage = settled(poor.http(words[way]))
        asked = {kind: calls(log, kind, words[way]) for kind in ("text", "image")}
        counted = {"text": usage["text_calls"], "image": usage["provider_calls"]}
        allowed = {"text": TEXT_CALLS, "image": IMAGE_CALLS}
        sys.stdout.write(f"{way}: {asked} asked, {allowed} allowed, {usage['cost_usd']} USD\n")
        assert ends[way] <= {"message_limit", "provider_limit"}, way
        assert all(counted[kind] <= allowed[kind] for kind in counted), (way, counted)
        if billed:
            assert all(asked[kind] <= counted[kind] for kind in asked), (way, asked, counted)
        else:  # nothing was billed: such requests are bounded by the messages
            assert all(asked[kind] <= 6 * MESSAGES for kind in asked), (way, asked)
        assert usage["messages_used"] <= MESSAGES
        assert usage["used"] <= PICTURES
        paid = by_the_provider(log, words[way], broken=BROKEN.get(way, ""))
        assert Decimal(usage["cost_usd"]) == paid, way
        assert check_user(poor, words[way]) == []


def attack(http: httpx.Client, word: str, clicks: Callable[[httpx.Client, str], str | None]) -> str:
    """Goes on until a limit of the day says no; which one."""
    for _ in range(_ATTEMPTS):
        if (code := clicks(http, word)) in ("message_limit", "provider_limit"):
            return code
    return "never refused"


def send(http: httpx.Client, word: str) -> str | None:
    answer = http.post("/chats/c/messages", json={"text": f"paint a boat {word}"})
    return code_of(answer)


def send_and_retry(http: httpx.Client, word: str) -> str | None:
    return then(http, word, lambda message: ended(http, message))


def cancel_and_retry(http: httpx.Client, word: str) -> str | None:
    return then(http, word, lambda message: clicked(http, "cancel", message)[0] or message)


Step = Callable[[dict[str, Any]], dict[str, Any]]


def then(http: httpx.Client, word: str, step: Step) -> str | None:
    """Sends, and tries again as long as one may, with a step before each try."""
    answer = http.post("/chats/c/messages", json={"text": f"paint a boat {word}"})
    if (code := code_of(answer)) is not None:
        return code
    message = answer.json()["assistant_message"]
    while True:
        again, code = clicked(http, "retry", step(message))
        if again is None or again["version"] == message["version"]:
            return code
        message = again


def clicked(
    http: httpx.Client, what: str, message: dict[str, Any]
) -> tuple[dict[str, Any] | None, str | None]:
    """The message after a click on retry or cancel, or why there was none."""
    path = f"/chats/c/messages/{message['id']}/{what}"
    answer = http.post(path, json={"version": message["version"]})
    code = code_of(answer)
    return (answer.json()["assistant_message"], None) if code is None else (None, code)


def code_of(answer: httpx.Response) -> str | None:
    return None if answer.is_success else str(answer.json()["error"]["code"])


def ended(http: httpx.Client, message: dict[str, Any]) -> dict[str, Any]:
    give_up = time.monotonic() + _PATIENCE
    while message["meta"]["status"] in ("thinking", "generating"):
        assert time.monotonic() < give_up, "never ended"
        time.sleep(0.1)
        path = f"/chats/c/messages/{message['id']}"
        message = http.get(path).raise_for_status().json()
    return message


def settled(http: httpx.Client) -> dict[str, Any]:
    """What is used, once nothing is under way."""
    page = http.get("/chats/c/messages", params={"limit": 100}).raise_for_status().json()
    for message in page["messages"]:
        ended(http, message)
    give_up = time.monotonic() + _PATIENCE
    while (usage := http.get("/usage").raise_for_status().json())["painting"]:
        assert time.monotonic() < give_up, "never painted"
        time.sleep(0.1)
    found: dict[str, Any] = usage
    return found


def calls(log: list[dict[str, Any]], kind: str, word: str) -> int:
    return sum(1 for entry in log if entry["kind"] == kind and word in entry["prompt"])
