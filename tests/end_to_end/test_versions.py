"""A question asked anew, gone back to, and deleted, on the running bundle."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event, is_update
from tests.support.stored import files_of, rows_of

_PATIENCE = 30.0  # seconds; only so that a broken run ends
Json = dict[str, Any]


def ask(http: httpx.Client, text: str, **fields: object) -> tuple[Json, Json]:
    """Both messages."""
    answer = http.post("/chats/c/messages", json={"text": text, **fields}, timeout=40)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()["user_message"], answer.json()["assistant_message"]


def stand(http: httpx.Client) -> list[str]:
    """Ids of what stands, oldest first."""
    messages = http.get("/chats/c/messages").json()["messages"]
    return [one["id"] for one in reversed(messages) if one["stands"]]


def until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_version_is_asked_chosen_and_seen_in_every_tab(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    first = ask(alice, f"hello {word} one")
    second = ask(alice, f"hello {word} two", replaces=first[0]["id"])
    third = ask(alice, f"hello {word} three", replaces=second[0]["id"])
    assert stand(alice) == [one["id"] for one in third]

    with ChannelClient(alice) as tab:
        tab.resumed()
        path = f"/chats/c/messages/{first[0]['id']}/stands"
        chosen = alice.put(path).json()["messages"]
        told = [tab.until(is_event("message-update"))["payload"]["message"] for _ in range(4)]

    assert [one["id"] for one in chosen] == stand(alice) == [one["id"] for one in first]
    assert [(one["id"], one["stands"]) for one in told] == [
        *((one["id"], True) for one in first),
        *((one["id"], False) for one in third),
    ]
    other = ask(alice, f"and then {word}")
    assert other[1]["stands"]
    assert alice.put(path).json()["error"]["code"] == "not_last"
    body = {"text": "too late", "replaces": first[0]["id"]}
    assert alice.post("/chats/c/messages", json=body).json()["error"]["code"] == "not_last"


def test_an_answer_that_fails_gives_way(stack: Stack, alice: httpx.Client, word: str) -> None:
    first = ask(alice, f"hello {word}")
    stack.gemini(script=[{"on": "text", "status": 403, "match": "again"}])

    with ChannelClient(alice) as tab:
        tab.resumed()
        second = ask(alice, f"hello {word} again", replaces=first[0]["id"])
        tab.until(is_update("failed"))
        told = [tab.until(is_event("message-update"))["payload"]["message"] for _ in range(3)]

    assert [one["stands"] for one in second] == [False, False]
    assert [one["id"] for one in told] == [first[0]["id"], first[1]["id"], second[0]["id"]]
    assert stand(alice) == [one["id"] for one in first]


def test_another_one_that_is_cancelled_gives_way(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    with ChannelClient(alice) as tab:
        tab.resumed()
        first = ask(alice, f"paint a lake {word}")
        tab.until(is_event("image-insert"))
        stack.gemini(script=[{"on": "image", "delay_ms": 4000, "match": word}])
        fields = {"again": first[1]["id"], "replaces": first[0]["id"]}
        _, answer = ask(alice, "Another one", **fields)
        path = f"/chats/c/messages/{answer['id']}/cancel"
        cancelled = alice.post(path, json={"version": answer["version"]}).json()

    assert not cancelled["assistant_message"]["stands"]
    assert stand(alice) == [one["id"] for one in first]


def test_a_question_is_deleted_with_everything(
    stack: Stack, alice: httpx.Client, user: str, word: str
) -> None:
    kept = ask(alice, f"hello {word}")
    with ChannelClient(alice) as tab:
        tab.resumed()
        first = ask(alice, f"paint a boat {word}")
        tab.until(is_event("image-insert"))
        ask(alice, f"paint a ship {word}", replaces=first[0]["id"], count=2)
        for _ in range(2):
            tab.until(is_event("image-insert"))
        assert alice.delete(f"/chats/c/messages/{first[0]['id']}").status_code == 204

    messages = alice.get("/chats/c/messages").json()["messages"]
    assert [one["id"] for one in messages] == [one["id"] for one in reversed(kept)]
    assert alice.get("/images").json()["images"] == []
    until(lambda: not files_of(stack, user))
    ledger = [row["entry"] for row in rows_of(stack, "ImageGenerationLogTable", user)]
    until(lambda: not any("prompt" in r for r in rows_of(stack, "ImageGenerationLogTable", user)))
    assert all("#" in entry for entry in ledger)
    # The question before it is the last one again.
    assert ask(alice, f"hello you {word}", replaces=kept[0]["id"])[0]["stands"]
