"""A typed sentence becomes text or a picture, live, for its writer and nobody else."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest
from PIL import Image
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event, is_update
from tests.support.stored import use_up
from ulid import ULID

from afterimage.domain.ids import image_key


def pictures_of(stack: Stack, http: httpx.Client) -> list[str]:
    """Keys of everything the bucket holds of this client's user."""
    user = jwt.decode(
        http.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False}
    )["sub"]
    prefix = image_key(user, "", "").rstrip("/")
    listed = stack.aws("s3").list_objects_v2(Bucket=stack.name("ImagesBucket"), Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether something comes true within a few sweeps."""
    give_up = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < give_up:
        time.sleep(0.1)
    return held


def ask(http: httpx.Client, text: str, **fields: object) -> httpx.Response:
    return http.post("/chats/c/messages", json={"text": text, **fields}, timeout=40)


def test_a_picture_reaches_every_tab_and_nobody_else(
    stack: Stack, alice: httpx.Client, bob: httpx.Client
) -> None:
    with ChannelClient(alice) as tab, ChannelClient(alice) as phone, ChannelClient(bob) as other:
        for client in (tab, phone, other):
            assert client.resumed()["event"] == "resumed"

        response = ask(alice, "paint a sunset over the sea", aspect_ratio="16:9")

        assert response.status_code == 202
        started = response.json()
        assert started["success"] is True
        assert started["message"] == "Image generation started"
        assert started["skip_message_creation"] is True
        for client in (tab, phone):
            client.until(is_event("image-insert"))
            assert [name for name in client.events() if name != "message-preview"] == [
                "message-insert",
                "message-insert",
                "message-update",
                "message-update",
                "image-insert",
            ]
            assert client.numbers() == [1, 2, 3, 4, 5]
        complete = tab.frames[-2]["payload"]["message"]
        image = tab.frames[-1]["payload"]["image"]
        assert complete["meta"]["image"] == image
        assert complete["meta"]["aspect_ratio"] == "16:9"
        assert (image["width"], image["height"]) == (1376, 768)
        assert other.quiet()

    assert alice.get("/images").json()["images"] == [image]
    assert bob.get("/images").json()["images"] == []
    assert alice.get("/usage").json()["used"] == 1


def test_the_placeholder_is_shown_before_the_model_answers(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "text", "delay_ms": 2500, "match": word}])
    with ChannelClient(alice) as tab, ThreadPoolExecutor(1) as pool:
        tab.resumed()
        posted = pool.submit(ask, alice, f"hello {word}")

        placeholder = tab.until(
            lambda frame: (
                frame["event"] == "message-insert"
                and frame["payload"]["message"]["role"] == "assistant"
            )
        )

        assert not posted.done()
        assert placeholder["payload"]["message"]["meta"]["status"] == "thinking"
        assert posted.result().status_code == 200


def test_twenty_clicks_at_once_never_beat_the_quota(
    stack: Stack, alice: httpx.Client, user: str
) -> None:
    limit = alice.get("/usage").json()["limit"]
    use_up(stack, user, limit - 2)
    with ChannelClient(alice) as tab:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: ask(alice, f"paint a hill {n}"), range(8)))

        statuses = [answer.status_code for answer in answers]
        assert statuses.count(202) == 2
        tab.until(
            lambda frame: frame["seq"] is not None and tab.events().count("image-insert") == 2
        )
        # Frames of different functions may overtake each other; clients order them by number.
        assert sorted(tab.numbers()) == list(range(1, len(tab.numbers()) + 1))
        refused = ask(alice, "paint one more boat").json()
    error = refused["assistant_message"]["meta"]["error"]
    assert (refused["success"], error["code"]) == (False, "quota_exceeded")
    assert 0 < error["retry_after"] <= 86_400
    assert alice.get("/usage").json()["used"] == limit
    assert len(alice.get("/images").json()["images"]) == 2


def test_the_same_id_again_is_the_same_message(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    message_id = str(ULID())
    before = stack.gemini()["calls"]["text"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(alice, f"hello {word}", id=message_id), range(6)))
    last = ask(alice, f"hello {word}", id=message_id)

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert last.status_code == 200
    assert last.json()["assistant_message"]["meta"]["status"] == "complete"
    assert len(alice.get("/chats/c/messages").json()["messages"]) == 2
    prompts = [call["prompt"] for call in stack.gemini()["log"][before:]]
    assert sum(word in prompt for prompt in prompts) == 1
    other_text = ask(alice, "something else", id=message_id)
    assert other_text.status_code == 409
    assert other_text.json()["error"]["code"] == "id_reused"


_OUTCOMES = [
    ("image", {"finish_reason": "IMAGE_SAFETY"}, 1, "blocked"),
    ("image", {"image": "truncated"}, 1, "no_image"),
    ("image", {"status": 503}, 3, "provider_unavailable"),
    ("image", {"status": 404, "reason": "retired"}, 1, "provider_rejected"),
    ("text", {"finish_reason": "SAFETY"}, 1, "blocked"),
    ("text", {"status": 500}, 3, "provider_unavailable"),
]


@pytest.mark.parametrize(("kind", "behaviour", "times", "code"), _OUTCOMES)
def test_whatever_the_provider_does_the_message_ends_and_costs_nothing(
    stack: Stack,
    alice: httpx.Client,
    word: str,
    kind: str,
    behaviour: dict[str, object],
    times: int,
    code: str,
) -> None:
    stack.gemini(script=[{"on": kind, "match": word, **behaviour}] * times)
    text = f"paint a lighthouse {word}" if kind == "image" else f"hello {word}"
    with ChannelClient(alice) as tab:
        response = ask(alice, text)
        failed = tab.until(is_update("failed"))["payload"]["message"]

    assert response.status_code in (200, 202)
    assert failed["meta"]["error"]["code"] == code
    assert failed["meta"]["error"]["message"]
    assert "gemini" not in failed["meta"]["error"]["message"].lower()
    assert alice.get("/usage").json()["used"] == 0
    assert eventually(lambda: pictures_of(stack, alice) == []), "uploads outlive the sweep"


def test_a_picture_that_only_looks_odd_is_delivered(
    stack: Stack, alice: httpx.Client, word: str
) -> None:
    stack.gemini(script=[{"on": "image", "match": word, "image": "animated"}])
    with ChannelClient(alice) as tab:
        ask(alice, f"paint a lighthouse {word}")
        image = tab.until(is_event("image-insert"))["payload"]["image"]

    full = httpx.get(image["url"])
    assert Image.open(io.BytesIO(full.content)).size == (image["width"], image["height"])
    assert getattr(Image.open(io.BytesIO(full.content)), "n_frames", 1) == 1
