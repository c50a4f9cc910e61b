"""What a picture is decoded from while its line comes, and when that is nobody's picture."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from afterimage.adapters.gemini.events import Event, Garbled
from afterimage.adapters.gemini.streamed import StreamedPicture
from afterimage.adapters.gemini.watched_lines import WatchedLines

PICTURE = bytes(range(256)) * 1_600
DRAFT = PICTURE[1:]
STOP = {"candidates": [{"finishReason": "STOP"}]}
CHUNK = 10_000


@dataclass
class Coming:
    """Implements `ComingPicture` by noting what it is told."""

    come: bytearray = field(default_factory=bytearray)
    data: bytes | None = None
    is_left: bool = False
    waited: int = 0

    def add(self, piece: bytes) -> None:
        assert not self.is_left
        assert self.data is None
        self.come += piece

    def complete(self, data: bytes) -> None:
        self.data = data

    def leave(self) -> None:
        self.is_left = True

    def wait(self) -> None:
        self.waited += 1


class Darkroom:
    """Implements `Darkroom`."""

    def __init__(self) -> None:
        self.begun: list[Coming] = []

    def coming(self) -> Coming:
        self.begun.append(Coming())
        return self.begun[-1]


def line(data: bytes, **more: object) -> str:
    inline = {"mimeType": "image/png", "data": b64encode(data).decode()}
    part = {"inlineData": inline, **more}
    return f"data: {json.dumps({'candidates': [{'content': {'parts': [part]}}]})}\r\n\r\n"


def heard(text: str, darkroom: Darkroom) -> list[Event]:
    lines, data = WatchedLines(darkroom), text.encode()
    with lines.watching():
        return list(lines.events(data[at : at + CHUNK] for at in range(0, len(data), CHUNK)))


def test_a_picture_is_handed_on_while_it_comes_and_is_the_one_that_is_asked_for() -> None:
    darkroom, streamed = Darkroom(), StreamedPicture()

    for event in heard(line(PICTURE) + f"data: {json.dumps(STOP)}\n\n", darkroom):
        streamed.add(event.data)

    (coming,) = darkroom.begun
    assert len(coming.come) > len(PICTURE) / 2
    assert PICTURE.startswith(coming.come)
    assert coming.data == PICTURE
    assert streamed.pictures()[0] is coming.data
    assert (coming.is_left, coming.waited) == (False, 1)


def test_a_draft_is_another_picture() -> None:
    darkroom, streamed = Darkroom(), StreamedPicture()

    for event in heard(line(DRAFT, thought=True) + line(PICTURE), darkroom):
        streamed.add(event.data)

    assert [coming.data for coming in darkroom.begun] == [DRAFT, PICTURE]
    assert streamed.pictures()[0] is darkroom.begun[-1].data


@pytest.mark.parametrize(
    "text",
    [
        line(PICTURE)[:-100],
        line(PICTURE).replace("/", "\\/"),
        line(PICTURE)[:300_000] + "?" + line(PICTURE)[300_000:],
    ],
    ids=["cut off", "escaped", "garbled"],
)
def test_what_is_unusual_or_never_ends_is_left(text: str) -> None:
    darkroom = Darkroom()

    with suppress(Garbled):
        heard(text, darkroom)

    (coming,) = darkroom.begun
    assert coming.data is None
    assert coming.is_left


def test_lines_without_a_picture_begin_none() -> None:
    darkroom = Darkroom()
    words = json.dumps({"candidates": [{"content": {"parts": [{"text": "word " * 60_000}]}}]})

    heard(f": {'a comment ' * 30_000}\n\ndata: {words}\n\n{words}\n", darkroom)

    assert darkroom.begun == []
