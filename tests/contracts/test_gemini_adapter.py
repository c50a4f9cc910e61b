"""The functions' own Gemini client against the simulator, over real HTTP."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import requests
from PIL import Image
from tests.support.builders import a_message
from tests.support.doubles import RecordingCalls, RecordingLog, RecordingMetrics, RecordingWords
from tests.support.simulator import AT_ONCE

from afterimage.adapters.gemini.client import Gemini, GeminiSettings
from afterimage.adapters.system import SystemClock
from afterimage.domain.conversation import Turn, turns
from afterimage.domain.errors import (
    TimedOut,
)
from afterimage.domain.messages import Role
from afterimage.ports.models import ImageRequest, PaintRequest, Source, TextReply

HELLO = [Turn("user", [{"text": "hello"}])]
KEY = "a-secret-key"
WHO = "5afe" * 10


class Provider:
    """The client under test and the simulator's controls."""

    def __init__(self, address: str, key: str = KEY) -> None:
        self.address = address
        self.log = RecordingLog()
        self.drafts: list[bytes] = []
        self.session = requests.Session()
        self.gemini = Gemini(
            GeminiSettings(address, "v1beta", "gemini-3.8-flash", "gemini-nano-banana-2.1"),
            lambda: key,
            self.session,
            SystemClock(),
            self.log,
            RecordingMetrics(),
        )

    def behave(self, *script: dict[str, object]) -> None:
        settings = {**AT_ONCE, "script": list(script)}
        httpx.put(f"{self.address}/dev/gemini", json=settings).raise_for_status()

    def calls(self, kind: str) -> int:
        state: dict[str, Any] = httpx.get(f"{self.address}/dev/gemini").json()
        return int(state["calls"][kind])

    def paint(self, seconds: float = 20) -> bytes:
        (picture,) = self.gemini.paint(
            PaintRequest("a red fox", WHO, "1:1", "1K"),
            _in(seconds),
            self.drafts.append,
            RecordingCalls(),
        )
        return picture

    def reply(self, seconds: float = 20) -> TextReply | ImageRequest:
        return self.gemini.reply(HELLO, WHO, _in(seconds), RecordingCalls(), RecordingWords())


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
def provider(simulator: str) -> Iterator[Provider]:
    provider = Provider(simulator)
    provider.behave()
    yield provider
    provider.session.close()


def test_a_text_is_answered_with_text(provider: Provider) -> None:
    reply = provider.reply()

    assert isinstance(reply, TextReply)
    assert reply.text


def test_a_wish_for_a_picture_becomes_an_image_request(provider: Provider) -> None:
    wish = [Turn("user", [{"text": "paint a tall lighthouse"}])]

    reply = provider.gemini.reply(wish, WHO, _in(20), RecordingCalls(), RecordingWords())

    assert isinstance(reply, ImageRequest)
    assert "lighthouse" in reply.prompt
    assert "thoughtSignature" in reply.parts


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("paint a red fox that sleeps in the snow at dusk", "A red fox that sleeps"),
        ("Was wünschst du dir, wenn du einmal drei Wünsche hast?", "Was wünschst du dir"),
        ("hello", ""),
    ],
)
def test_the_simulator_names_a_chat_that_begins_with_many_words(
    provider: Provider, question: str, title: str
) -> None:
    asked = [Turn("user", [{"text": question}])]

    reply = provider.gemini.reply(
        asked, WHO, _in(20), RecordingCalls(), RecordingWords(), may_name=True
    )

    assert reply.title == title
    assert isinstance(reply, ImageRequest) or reply.text


ODD_ANSWERS: dict[str, list[dict[str, Any]]] = {
    "an undeclared call": [
        {"text": "Let me look."},
        {"functionCall": {"name": "search", "args": {}}, "thoughtSignature": "AAAA"},
    ],
    "a bare signature": [{"text": "Hello"}, {"thoughtSignature": "AAAA"}],
    "one id twice": [
        {
            "functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}, "id": "c1"},
            "thoughtSignature": "AAAA",
        }
    ]
    * 2,
}


@pytest.mark.parametrize("parts", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_a_chat_goes_on_behind_an_odd_answer(
    provider: Provider, parts: list[dict[str, Any]]
) -> None:
    said = json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
    provider.behave({"on": "text", "body": said, "content_type": "application/json"})
    asked = a_message(0)
    answer = provider.reply()
    kept = a_message(1, role=Role.ASSISTANT, reply_to=asked.id, parts=answer.parts)

    for _ in range(2):
        conversation = turns([asked, kept, a_message(2)])
        reply = provider.gemini.reply(
            conversation, WHO, _in(20), RecordingCalls(), RecordingWords()
        )

        assert isinstance(reply, TextReply)
    assert "gemini_history_refused" not in provider.log.events(), "it was mended by rule"
    assert provider.calls("text") == 3


def a_source(kind: str, size: tuple[int, int], colour: str) -> Source:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return Source(f"image/{kind.lower()}", file.getvalue())


SOURCES = a_source("WEBP", (64, 64), "red"), a_source("PNG", (1600, 900), "navy")


@pytest.mark.parametrize(
    ("request_", "pixels"),
    [
        (PaintRequest("a strip", WHO, "8:1", "1K"), (2928, 352)),
        (PaintRequest("put the first on the second", WHO, sources=SOURCES), (1376, 768)),
        (PaintRequest("the same as a square", WHO, "1:1", sources=SOURCES), (1024, 1024)),
    ],
    ids=lambda value: value.prompt if isinstance(value, PaintRequest) else "",
)
def test_a_picture_has_the_shape_and_size_asked_for(
    provider: Provider, request_: PaintRequest, pixels: tuple[int, int]
) -> None:
    (data,) = provider.gemini.paint(request_, _in(20), lambda _: None, RecordingCalls())

    assert Image.open(io.BytesIO(data)).size == pixels
    assert provider.log.events() == []


def test_drafts_are_shown_and_never_taken_for_the_picture(provider: Provider) -> None:
    httpx.put(f"{provider.address}/dev/gemini", json={"drafts": 3}).raise_for_status()

    finished = provider.paint()

    assert len(provider.drafts) == len({*provider.drafts, finished}) - 1 == 3
    for data in (*provider.drafts, finished):
        assert Image.open(io.BytesIO(data)).size == (1024, 1024)


def test_a_stream_that_pauses_for_too_long_is_left_when_the_time_is_over() -> None:
    """Not a socket's timeout after its last packet."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as executor:
        left = executor.submit(_say_one_word_late, server)
        provider = Provider(f"http://127.0.0.1:{server.getsockname()[1]}")

        with pytest.raises(TimedOut):
            provider.paint(seconds=2)

        assert left.result(), "the client was still there"
    provider.session.close()


def _say_one_word_late(server: socket.socket) -> bool:
    """Whether the client leaves soon after that."""
    connection, _ = server.accept()
    with connection:
        request = b""
        while not request.endswith(b'"}}'):
            request += connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        time.sleep(1.7)
        connection.sendall(b'data: {"candidates": []}\r\n\r\n')
        connection.settimeout(1.9)  # a timeout of its last packet would be two seconds
        try:
            return connection.recv(1) == b""
        except ConnectionError:  # it had left before the word came
            return True
        except TimeoutError:
            return False


def test_a_silent_provider_times_out_inside_the_jobs_time(provider: Provider) -> None:
    provider.behave({"on": "image", "hang": True})

    with pytest.raises(TimedOut):
        provider.paint(seconds=0.5)

    assert provider.calls("image") == 1
