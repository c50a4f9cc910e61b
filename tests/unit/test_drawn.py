"""The pictures of an event, taken out before it is parsed, or left to whoever parses the whole."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from afterimage.adapters.gemini import answers
from afterimage.adapters.gemini.drawn import Drawn, drawn, with_bytes

PICTURE, OTHER = b"\xff\xd8\xfb\xff? the picture", b"\xff\xd8 another"
BASE64, MORE = b64encode(PICTURE).decode(), b64encode(OTHER).decode()
assert "/" in BASE64


def event(*parts: str) -> str:
    return f'{{"candidates": [{{"content": {{"parts": [{",".join(parts)}]}}, "index": 0}}]}}'


def part(data: str = BASE64, **more: object) -> str:
    return json.dumps({"inlineData": {"mimeType": "image/jpeg", "data": data}, **more})


USUAL = {
    "one picture": event(part()),
    "behind words": event('{"text": "see \\"data\\": \\"AAAA\\""}', part()),
    "a draft": event(part(thought=True)),
    "a draft, said before": event('{"thought": true, ' + part()[1:]),
    "two pictures": event(part(), part(MORE)),
    "of strange white space": event(part()).replace('"data": ', '"data" :\t'),
    "not ASCII": event('{"text": "für dich"}', part()),
    "half a character": event('{"text": "\\ud800"}', part()),
}
UNUSUAL = {
    "no picture": event('{"text": "no"}'),
    "nothing in it": event(part("")),
    "an escaped letter": event(part().replace("/", "\\/")),
    "all escaped": event(part().replace(BASE64[0], f"\\u{ord(BASE64[0]):04x}")),
    "another alphabet": event(part(urlsafe_b64encode(PICTURE).decode())),
    "no padding": event(part(BASE64.rstrip("="))),
    "white space within": event(part(BASE64[:8] + " " + BASE64[8:])),
    "two of a name": event(part().replace('"data":', f'"data": "{MORE}", "data":')),
    "elsewhere first": event(json.dumps({"functionCall": {"args": {"data": MORE}}}), part()),
    "in a list": f"[{event(part())}]",
    "cut off": event(part())[:-3],
    "cut off within": event(part())[:90],
}


def decoded(text: str) -> list[Drawn]:
    return drawn(answers.candidate(json.loads(text)) or {})


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL)
def test_a_picture_is_taken_out_of_its_event(text: str) -> None:
    taken = with_bytes(bytearray(text.encode()))

    assert taken is not None
    found = answers.candidate(taken.event) or {}
    assert drawn(found) == decoded(text)
    assert next(each.data for each in drawn(found)) is taken.data
    assert {**taken.event, "candidates": 0} == {**json.loads(text), "candidates": 0}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_who_parses_the_whole(text: str) -> None:
    line = bytearray(text.encode())

    assert with_bytes(line) is None
    assert line == text.encode()
    line += b"it is not held"
