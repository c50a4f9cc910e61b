"""A picture is changed by saying so, from the words to the image model's request."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
from tests.end_to_end.test_upload import PHOTO, put
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event


def has_ended(frame: Frame) -> bool:
    message = (frame["payload"] or {}).get("message") or {"meta": {"status": "thinking"}}
    is_open = message["meta"]["status"] in ("thinking", "generating")
    return is_event("message-update")(frame) and not is_open


def ask(http: httpx.Client, text: str, **fields: object) -> dict[str, Any]:
    """The answer, once it has ended."""
    with ChannelClient(http) as tab:
        tab.resumed()
        body = {"text": text, **fields}
        response = http.post("/chats/c/messages", json=body, timeout=40)
        assert response.status_code in (200, 202), response.text
        message: dict[str, Any] = response.json()["assistant_message"]
        if message["meta"]["status"] == "generating":
            message = tab.until(has_ended)["payload"]["message"]
    return message


def pictures(message: dict[str, Any]) -> list[str]:
    return [slot["id"] for slot in message["meta"]["images"]]


def original(http: httpx.Client, image_id: str) -> bytes:
    url = http.get(f"/images/{image_id}/original").json()["url"]
    return httpx.get(url, trust_env=False).content


def sources_of_last(stack: Stack) -> list[str]:
    """Digests of what the image model was sent last, in order."""
    calls = [call for call in stack.gemini()["log"] if call["kind"] == "image"]
    digests: list[str] = calls[-1]["sources"]
    return digests


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_make_it_night(stack: Stack, alice: httpx.Client) -> None:
    cat = ask(alice, "paint a cat, wide")
    night = ask(alice, "make it night")

    assert sources_of_last(stack) == [digest(original(alice, pictures(cat)[0]))]
    assert night["meta"]["source_image_ids"] == pictures(cat)
    assert night["meta"]["aspect_ratio"] is None
    image = night["meta"]["image"]
    assert image["source_image_ids"] == pictures(cat)
    before = cat["meta"]["image"]
    assert abs(image["width"] / image["height"] - before["width"] / before["height"]) < 0.05
    gallery = alice.get("/images").json()["images"]
    assert [one["source_image_ids"] for one in gallery] == [pictures(cat), []]

    other = ask(alice, "paint a dog instead")
    assert (other["meta"]["source_image_ids"], sources_of_last(stack)) == ([], [])


def test_the_second_one_but_wider(stack: Stack, alice: httpx.Client) -> None:
    both = ask(alice, "paint a boat", count=2)
    wider = ask(alice, "the second one, but wider")

    assert wider["meta"]["source_image_ids"] == pictures(both)[1:]
    assert wider["meta"]["aspect_ratio"] == "4:3"


def test_several_sources_keep_their_order(stack: Stack, alice: httpx.Client) -> None:
    dog, street = (pictures(ask(alice, f"paint {what}"))[0] for what in ("a dog", "a street"))
    together = ask(alice, "put the dog of the first into the last one")

    assert together["meta"]["source_image_ids"] == [dog, street]
    assert sources_of_last(stack) == [digest(original(alice, one)) for one in (dog, street)]


def test_a_photo_is_sent_without_its_notes(stack: Stack, alice: httpx.Client) -> None:
    photo = put(alice, PHOTO).json()["image"]["id"]
    woodcut = ask(alice, "make this a woodcut", image_ids=[photo])

    assert woodcut["meta"]["source_image_ids"] == [photo]
    assert sources_of_last(stack) == [digest(original(alice, photo))]
    shown = alice.get(woodcut["meta"]["image"]["url"]).content
    assert b"compositeWithTrainedAlgorithmicMedia" in shown


def test_what_is_this(alice: httpx.Client) -> None:
    photo = put(alice, PHOTO).json()["image"]["id"]

    assert "picture" in ask(alice, "what is this?", image_ids=[photo])["text"]


def test_a_source_that_is_deleted_meanwhile(stack: Stack, alice: httpx.Client) -> None:
    """It waits behind others of the same user, long enough to be deleted."""
    cat = pictures(ask(alice, "paint a cat"))[0]
    before = alice.get("/usage").json()
    others = before["painting_limit"]
    stack.gemini(image_ms=5000)
    try:
        with ChannelClient(alice) as tab:
            tab.resumed()
            alice.post("/chats/other/messages", json={"text": "paint a boat", "count": others})
            body = {"text": "make it night"}
            answer = alice.post("/chats/c/messages", json=body).json()["assistant_message"]
            assert answer["meta"]["images"][0]["status"] == "waiting"
            assert alice.delete(f"/images/{cat}").status_code == 204

            def is_its_end(frame: Frame) -> bool:
                return has_ended(frame) and frame["payload"]["message"]["id"] == answer["id"]

            ended = tab.until(is_its_end)
    finally:
        stack.gemini(image_ms=300)

    assert ended["payload"]["message"]["meta"]["error"]["code"] == "source_deleted"
    usage = alice.get("/usage").json()
    assert usage["used"] == before["used"] + others
    assert usage["provider_calls"] == before["provider_calls"] + others
