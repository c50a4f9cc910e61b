"""A picture is seen before it is there: the model's drafts, a glimpse, and then the picture."""

from __future__ import annotations

import io
import uuid
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event, is_update

MOST_BYTES = 12 * 1024


@pytest.fixture
def alice(stack: Stack) -> httpx.Client:
    return stack.http(f"alice-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def drafting(stack: Stack) -> Iterator[Stack]:
    """A model that shows two drafts, one and a half seconds apart."""
    stack.gemini(drafts=2, image_ms=6000)
    yield stack
    stack.gemini(drafts=0, image_ms=300)


def ask(http: httpx.Client, text: str) -> dict[str, Any]:
    response = http.post("/chats/c/messages", json={"text": text}, timeout=40)
    assert response.status_code == 202
    message: dict[str, Any] = response.json()["assistant_message"]
    return message


def preview_of(frame: Frame) -> bytes:
    head, _, data = frame["payload"]["preview"].partition(",")
    assert head == "data:image/webp;base64"
    return b64decode(data)


def test_every_tab_sees_drafts_then_a_glimpse_and_nothing_behind_the_picture(
    drafting: Stack, alice: httpx.Client
) -> None:
    with ChannelClient(alice) as tab, ChannelClient(alice) as phone:
        message = ask(alice, f"paint a harbour {uuid.uuid4().hex}")
        for client in (tab, phone):
            client.until(is_event("image-insert"))
            assert client.quiet()
            previews = [f for f in client.frames if f["event"] == "message-preview"]
            files = [preview_of(frame) for frame in previews]

            assert len(files) == len(set(files)) == 3
            assert max(map(len, files)) <= MOST_BYTES
            assert {Image.open(io.BytesIO(file)).size for file in files} == {(128, 128)}
            for frame in previews:
                assert frame["seq"] is None
                assert frame["payload"]["message_id"] == message["id"]
                assert frame["payload"]["version"] == message["version"]
            names = ["message-preview"] * 3 + ["message-update", "image-insert"]
            assert client.events()[-5:] == names


def test_a_tab_opened_between_drafts_sees_what_comes_then(
    drafting: Stack, alice: httpx.Client
) -> None:
    with ChannelClient(alice) as tab:
        ask(alice, f"paint a harbour {uuid.uuid4().hex}")
        tab.until(is_event("message-preview"))

        with ChannelClient(alice) as phone:
            assert phone.resumed()["event"] == "resumed"
            phone.until(is_event("image-insert"))

    assert "message-preview" in phone.events()


def test_a_stream_that_breaks_off_behind_a_draft_ends_the_message_at_no_cost(
    drafting: Stack, alice: httpx.Client
) -> None:
    word = uuid.uuid4().hex
    drafting.gemini(script=[{"on": "image", "match": word, "mid_stream_error": True}])
    with ChannelClient(alice) as tab:
        ask(alice, f"paint a harbour {word}")
        failed = tab.until(is_update("failed"))["payload"]["message"]

    assert failed["meta"]["error"]["code"] == "provider_unavailable"
    assert alice.get("/usage").json()["used"] == 0
