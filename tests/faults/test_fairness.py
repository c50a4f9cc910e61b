"""One user at every limit takes neither the painter nor the account: another's picture comes."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from statistics import median
from typing import Any

import httpx
import pytest

from tests.faults.client import Crowd
from tests.faults.conftest import a_stack
from tests.faults.invariants import check_client, check_user, last_word
from tests.local_stack.testing import RunningStack

AT_ONCE = 2
SLOTS = 3  # one less than two users may take
MANY = 6
# While these are painted others come: longer than all of those take, as this machine is now.
HOG_MS, _MOST_MS, _LONGER = 10_000, 60_000, 3
_ROUNDS = int(os.environ.get("FAIRNESS_ROUNDS", "5"))
_PATIENCE = 300.0  # seconds; only so that a broken run ends

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """With so few slots that one user could take them all."""
    with a_stack(
        tmp_path_factory.mktemp("narrow"),
        "--schedule-interval=2",
        "--throttle-delay=0.1",
        ImageConcurrency=str(SLOTS),
        MaxPaintingPerUser=os.environ.get("FAIRNESS_AT_ONCE", str(AT_ONCE)),
        ImageEventAge="60",
        ImageTimeout="90",
        ImageDeadline="270",
        DailyImageLimit="50",
    ) as running:
        yield running


def order(http: httpx.Client, word: str) -> dict[str, Any]:
    answer = http.post("/chats/c/messages", json={"text": f"paint a boat {word}"})
    message: dict[str, Any] = answer.raise_for_status().json()["assistant_message"]
    return message


def now(http: httpx.Client, message: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = http.get(f"/chats/c/messages/{message['id']}").raise_for_status().json()
    return read


def completed(http: httpx.Client, message: dict[str, Any]) -> dict[str, Any]:
    give_up = time.monotonic() + _PATIENCE
    while (read := now(http, message))["meta"]["status"] == "generating":
        assert time.monotonic() < give_up, "never came"
        time.sleep(0.02)
    assert read["meta"]["status"] == "complete"
    return read


def seconds_to_picture(http: httpx.Client) -> float:
    begun = time.monotonic()
    completed(http, order(http, f"w{uuid.uuid4().hex[:8]}"))
    return time.monotonic() - begun


def test_beside_one_user_at_every_limit_anothers_picture_comes_at_once(
    narrow: RunningStack, user: str
) -> None:
    greedy, other = narrow.http(user), narrow.http(f"other-{user}")
    seconds_to_picture(other)  # the functions are warm
    alone = [seconds_to_picture(other) for _ in range(_ROUNDS)]
    words = [f"whog{number}" for number in range(MANY)]
    hog_ms = min(max(HOG_MS, int(_LONGER * 1000 * sum(alone))), _MOST_MS)
    narrow.gemini(script=[{"on": "image", "match": word, "delay_ms": hog_ms} for word in words])
    with Crowd(narrow) as crowd:
        tab = crowd.tab(user)
        messages = [order(greedy, word) for word in words]
        slots = [message["meta"]["images"][0]["status"] for message in messages]

        beside = [seconds_to_picture(other) for _ in range(_ROUNDS)]

        sys.stdout.write(f"alone {median(alone):.2f} s, beside {median(beside):.2f} s\n")
        assert slots == ["generating"] * AT_ONCE + ["waiting"] * (MANY - AT_ONCE)
        assert {now(greedy, one)["meta"]["status"] for one in messages} == {"generating"}
        usage = greedy.get("/usage").json()
        assert (usage["painting"], usage["painting_limit"]) == (AT_ONCE, AT_ONCE)

        for message in messages:
            completed(greedy, message)
        crowd.level(tab)
        assert check_client(tab, narrow) == []
    painted = [last_word(one["prompt"]) for one in narrow.gemini()["log"] if one["kind"] == "image"]
    begun = [word for word in painted if word in words]
    assert sorted(begun) == words
    # The oldest comes first; of two that begin together either may be heard first.
    assert all(abs(begun.index(word) - number) < AT_ONCE for number, word in enumerate(words))
    assert [*check_user(narrow, user), *check_user(narrow, f"other-{user}")] == []
