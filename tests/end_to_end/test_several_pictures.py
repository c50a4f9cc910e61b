"""Several pictures of one wish, and several that come in one answer of the model."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event


@pytest.fixture
def slow(stack: Stack) -> Iterator[Stack]:
    stack.gemini(image_ms=4000)
    yield stack
    stack.gemini(image_ms=300)


@pytest.fixture
def generous(stack: Stack) -> Iterator[Stack]:
    """A model that finishes three pictures where one is asked for."""
    stack.gemini(pictures=3)
    yield stack
    stack.gemini(pictures=1)


def ask(http: httpx.Client, text: str, **fields: object) -> dict[str, Any]:
    body = {"text": f"{text} {uuid.uuid4().hex[:8]}", **fields}
    response = http.post("/chats/c/messages", json=body, timeout=40)
    assert response.status_code == 202
    message: dict[str, Any] = response.json()["assistant_message"]
    return message


def meta_of(frame: Frame) -> dict[str, Any]:
    meta: dict[str, Any] = (frame["payload"].get("message") or {"meta": {}})["meta"]
    return meta


def statuses(meta: dict[str, Any]) -> list[str]:
    return [slot["status"] for slot in meta["images"]]


def has_ended(frame: Frame) -> bool:
    return is_event("message-update")(frame) and meta_of(frame)["status"] != "generating"


def test_four_variants_come_each_into_its_slot(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        message = ask(alice, "paint a boat", count=4)
        assert statuses(message["meta"]) == ["generating"] * 4
        ended = tab.until(has_ended)
        tab.until(is_event("image-insert"))
        assert tab.numbers() == list(range(1, len(tab.numbers()) + 1))

    meta = meta_of(ended)
    slots = [slot["id"] for slot in message["meta"]["images"]]
    assert (meta["status"], meta["count"], statuses(meta)) == ("complete", 4, ["complete"] * 4)
    assert [slot["image"]["id"] for slot in meta["images"]] == slots
    shown = [f["payload"]["image_id"] for f in tab.frames if f["event"] == "message-preview"]
    assert set(shown) <= set(slots)
    files = [httpx.get(slot["image"]["url"]).content for slot in meta["images"]]
    assert len(set(files)) == 4
    assert {image["id"] for image in alice.get("/images").json()["images"]} == set(slots)
    usage = alice.get("/usage").json()
    assert (usage["used"], usage["provider_calls"], usage["messages_used"]) == (4, 4, 1)


def test_the_model_may_want_several(alice: httpx.Client) -> None:
    message = ask(alice, "paint three variants of a boat")

    assert message["meta"]["count"] == 3


def test_cancel_ends_all_that_are_open_and_retry_tries_them(
    slow: Stack, alice: httpx.Client
) -> None:
    with ChannelClient(alice) as tab:
        message = ask(alice, "paint a boat", count=3)
        path = f"/chats/c/messages/{message['id']}"

        cancelled = alice.post(f"{path}/cancel", json={"version": 1}).json()["assistant_message"]

        assert statuses(cancelled["meta"]) == ["cancelled"] * 3
        tab.until(has_ended)
        slow.gemini(image_ms=300)
        again = alice.post(f"{path}/retry", json={"version": cancelled["version"]}, timeout=40)
        assert statuses(again.json()["assistant_message"]["meta"]) == ["generating"] * 3
        meta = meta_of(
            tab.until(
                lambda frame: has_ended(frame) and statuses(meta_of(frame)) == ["complete"] * 3
            )
        )
        assert meta["status"] == "complete"


def test_what_the_model_sends_unasked_is_there_and_costs_nothing(
    generous: Stack, alice: httpx.Client
) -> None:
    with ChannelClient(alice) as tab:
        ask(alice, "paint a boat")
        meta = meta_of(tab.until(has_ended))
        tab.until(is_event("image-insert"))

    assert [slot["charged"] for slot in meta["images"]] == [True, False, False]
    assert [slot["image"]["index"] for slot in meta["images"]] == [0, 1, 2]
    assert meta["count"] == 1
    assert len(alice.get("/images").json()["images"]) == 3
    assert alice.get("/usage").json()["used"] == 1
    for slot in meta["images"]:
        assert httpx.get(slot["image"]["thumbnail_url"]).status_code == 200
