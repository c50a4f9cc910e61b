"""A picture is seen before it is there: the model's drafts, a glimpse, and then the picture."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, Frame, is_event

MOST_BYTES = 12 * 1024


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
    drafting: Stack, alice: httpx.Client, word: str
) -> None:
    with ChannelClient(alice) as tab, ChannelClient(alice) as phone:
        message = ask(alice, f"paint a harbour {word}")
        tab.until(is_event("message-preview"))
        with ChannelClient(alice) as late:  # what comes from then on is all that it sees
            assert late.resumed()["event"] == "resumed"
            late.until(is_event("image-insert"))
        assert "message-preview" in late.events()
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
