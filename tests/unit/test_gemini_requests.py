"""What is asked of the models, beside what Google's own SDKs send for the same."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.local_stack.gemini.wire import normalised

from afterimage.adapters.gemini import painting, tool
from afterimage.adapters.gemini.body import Body
from afterimage.adapters.gemini.wishes import DRAFTS, LABELS, fields
from afterimage.domain.aspect_ratios import ASPECT_RATIOS
from afterimage.domain.errors import TimedOut
from afterimage.ports.models import PaintRequest, Source

RECORDED = Path(__file__).parent / "data" / "gemini" / "requests"
SDKS = ("python", "javascript")  # google-genai 3.6.1 and @google/genai 3.3.0
WHO = "5afe" * 10
DOT = Source(
    "image/png",
    b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5E"
        "rkJggg=="
    ),
)


def recorded(name: str) -> dict[str, Any]:
    """A request of an SDK, names in the wire's canonical form."""
    request: dict[str, Any] = normalised(
        json.loads((RECORDED / f"{name}.json").read_text())["json"]
    )
    return request


def sent(content: dict[str, Any], go_on: Callable[[], None] = lambda: None) -> Any:
    return json.loads(b"".join(Body(content, go_on)))


# --- Beside the SDKs ---------------------------------------------------------------------------

PICTURES = {
    "edit": PaintRequest("Make the fox blue", WHO, "16:9", "2K", (DOT,)),
    "several_sources": PaintRequest(
        "Put the dog of the first into the second", WHO, None, "1K", (DOT, DOT)
    ),
    "strip_4k": PaintRequest("a strip", WHO, "8:1", "4K"),
}


@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_asked_for_as_googles_sdks_do(name: str, sdk: str) -> None:
    theirs = recorded(f"{name}_{sdk}")
    thinks = "thinkingConfig" in theirs["generationConfig"]

    ours = painting.body(PICTURES[name], with_thoughts=thinks) | fields({LABELS, DRAFTS}, WHO)

    assert sent(ours) == theirs


@pytest.mark.parametrize("sdk", SDKS)
def test_the_tool_is_declared_in_words_that_the_sdks_send(sdk: str) -> None:
    theirs = recorded(f"text_tool_{sdk}")
    (declaration,) = theirs["tools"][0]["functionDeclarations"]
    # Of a list it is not recorded; both SDKs have these two of a schema.
    of_lists = {"items", "maxItems"}
    known = {*declaration["parameters"]["properties"]["count"], "description", "enum", *of_lists}

    for field in tool.DECLARATION["parameters"]["properties"].values():
        assert set(field) <= known
    assert theirs["labels"] == fields({LABELS}, WHO)["labels"]


# --- One picture -------------------------------------------------------------------------------


def test_what_is_left_to_the_model_is_not_sent() -> None:
    plain = sent(painting.body(PaintRequest("a fox", WHO, "", None)))

    assert plain == {
        "contents": [{"role": "user", "parts": [{"text": "a fox"}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
    }


def test_sources_stand_before_the_words_in_their_order() -> None:
    sources = tuple(Source(f"image/{kind}", kind.encode()) for kind in ("png", "webp", "jpeg"))

    (content,) = sent(painting.body(PaintRequest("both", WHO, sources=sources)))["contents"]

    *pictures, words = content["parts"]
    assert [b64decode(part["inlineData"]["data"]) for part in pictures] == [
        b"png",
        b"webp",
        b"jpeg",
    ]
    assert words == {"text": "both"}


# --- The body ----------------------------------------------------------------------------------

CHUNK = 192 * 1024


@pytest.mark.parametrize("size", [0, 1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 2])
def test_a_body_is_the_json_that_it_would_be_and_as_long_as_it_says(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    body = Body({"first": data, "words": 'a "quote" \ud83e\udd8a', "second": data}, lambda: None)

    whole = b"".join(body)

    assert len(whole) == len(body)
    assert b"".join(body) == whole, "it can be sent again"
    read = json.loads(whole)
    assert (b64decode(read["first"]), b64decode(read["second"])) == (data, data)
    assert max(map(len, body)) <= 4 * CHUNK // 3


def test_only_a_piece_of_the_pictures_is_encoded_at_a_time() -> None:
    sources = tuple(Source("image/jpeg", bytes(60_000_000 // 14)) for _ in range(14))
    content = painting.body(PaintRequest("all of them", WHO, sources=sources))
    tracemalloc.start()
    try:
        body = Body(content, lambda: None)
        total = sum(len(chunk) for chunk in body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert total == len(body) > 80_000_000
    assert peak < 1_000_000, "bytes beside the pictures themselves"


def test_a_body_is_sent_when_its_last_piece_was_taken() -> None:
    body = Body({"file": b"a picture"}, lambda: None)
    pieces = iter(body)

    assert [next(pieces) for _ in range(3)]
    assert not body.is_sent
    assert next(pieces, None) is None
    assert body.is_sent


def test_what_ends_the_time_ends_the_sending() -> None:
    def over() -> None:
        raise TimedOut("over")

    body = Body({"file": b"a picture"}, over)

    with pytest.raises(TimedOut):
        list(body)
    assert not body.is_sent


# --- The tool ----------------------------------------------------------------------------------


def test_all_shapes_are_offered() -> None:
    shapes = tool.DECLARATION["parameters"]["properties"]["aspect_ratio"]["enum"]

    assert shapes == list(ASPECT_RATIOS)
    assert len(set(shapes)) == 14


def test_what_can_be_done_is_offered() -> None:
    offered = set(tool.DECLARATION["parameters"]["properties"])

    assert offered == {"prompt", "aspect_ratio", "count", "edit"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1, 1),
        (4, 4),
        (5, 4),
        (1_000, 4),
        (0, 1),
        (-3, 1),
        (2.0, 2),
        ("3", 3),
        (" 3 ", 3),
        (2.5, 1),
        ("three", 1),
        ("٣", 1),
        (True, 1),
        (None, 1),
        ([2], 1),
        ({"count": 2}, 1),
        (1e300, 1),
        (10**30, 1),
        (float("inf"), 1),
        (float("nan"), 1),
        ("9" * 5_000, 1),
    ],
)
def test_a_number_of_pictures_is_read_or_left_out(written: Any, read: int) -> None:
    assert tool.count({"count": written}) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([1], (1,)),
        ([3, 1, 2], (3, 1, 2)),
        ([2, 2, 1, 2], (2, 1)),
        ([1.0, "2", "x", 2.5, None, True, [3], {}], (1, 2)),
        ([-1, 0, 4], (4,)),
        ([10**30, 1e300, float("nan"), 5], (5,)),
        (list(range(1, 100)), tuple(range(1, 15))),
        (7, (7,)),
        ("7", (7,)),
        ("1, 2", ()),
        ({"1": 2}, ()),
        (None, ()),
        ([], ()),
    ],
)
def test_numbers_of_pictures_are_read_or_left_out(written: Any, read: tuple[int, ...]) -> None:
    assert tool.edit({"edit": written}) == read
