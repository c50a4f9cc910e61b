"""Straight to the painter, and once more; sizes and models that somebody chooses."""

from __future__ import annotations

from typing import Any

import httpx
from tests.support.channel_client import ChannelClient, Frame, is_event


def has_ended(frame: Frame) -> bool:
    if not is_event("message-update")(frame):
        return False
    return bool(frame["payload"]["message"]["meta"]["status"] != "generating")


def paint(http: httpx.Client, text: str, **fields: object) -> dict[str, Any]:
    response = http.post("/chats/c/messages", json={"text": text, "paint": True, **fields})
    assert response.status_code == 202, response.text
    message: dict[str, Any] = response.json()["assistant_message"]
    return message


def test_the_words_are_painted_and_no_text_model_is_asked(alice: httpx.Client) -> None:
    with ChannelClient(alice) as tab:
        first = paint(alice, "a red fox", aspect_ratio="16:9")
        assert (first["version"], first["meta"]["status"]) == (1, "generating")
        ended = tab.until(has_ended)
        tab.until(is_event("image-insert"))
        again = paint(alice, "Another one", again=first["id"], count=2)
        tab.until(has_ended)
        assert tab.numbers() == list(range(1, len(tab.numbers()) + 1))

    assert ended["payload"]["message"]["meta"]["prompt"] == "a red fox"
    meta = again["meta"]
    assert (meta["prompt"], meta["aspect_ratio"], meta["count"]) == ("a red fox", "16:9", 2)
    usage = alice.get("/usage").json()
    assert (usage["used"], usage["provider_calls"], usage["messages_used"]) == (3, 3, 2)
    assert usage["text_calls"] == 0


def test_size_and_model_are_chosen_among_what_is_offered(alice: httpx.Client) -> None:
    offered = {model["name"]: model for model in alice.get("/config.json").json()["image_models"]}
    assert [*offered] == ["careful", "quick"]
    pictures = offered["careful"]["sizes"]["4K"]["pictures"]

    with ChannelClient(alice) as tab:
        meta = paint(alice, "a red fox", image_size="4K", image_model="careful")["meta"]
        assert (meta["image_size"], meta["image_model"]) == ("4K", "careful")
        assert alice.get("/usage").json()["used"] == pictures
        ended = tab.until(has_ended)["payload"]["message"]["meta"]

    usage = alice.get("/usage").json()
    size = 4096 if ended["image"]["width"] == 4096 else 1024
    assert usage["used"] == (pictures if size == 4096 else 1)
    assert usage["typical_ms_by_model"]["careful"] is not None
    assert usage["typical_ms_by_model"]["quick"] is None
    refused = alice.post(
        "/chats/c/messages", json={"text": "x", "image_model": "quick", "image_size": "4K"}
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid")
