"""A text in pieces: whatever a stream cuts apart, what is shown and kept is what the model said."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterimage.adapters.gemini.answers import MAX_BESIDE, MAX_REPLY
from afterimage.adapters.gemini.events import Event
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.adapters.gemini.streamed_text import StreamedText
from afterimage.domain.errors import Blocked, ProviderUnavailable
from afterimage.ports.models import ImageRequest, TextReply

RECORDED = Path(__file__).parent / "data" / "gemini"
SIGNED = "b3BhcXVlLXNpZ25hdHVyZQ=="


def event(*parts: dict[str, Any], finish: str | None = None) -> Event:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    return Event({"candidates": [candidate | ({"finishReason": finish} if finish else {})]}, True)


def recorded(name: str) -> list[Event]:
    lines = (RECORDED / f"{name}.sse").read_text("utf-8").splitlines()
    return [Event(json.loads(line.removeprefix("data: ")), True) for line in lines if line]


def read(*events: Event) -> tuple[StreamedText, str]:
    """The stream so far, and what was shown of it."""
    streamed = StreamedText()
    return streamed, "".join(streamed.add(each) for each in events)


def test_a_recorded_stream_is_one_text_and_keeps_its_signature() -> None:
    streamed, shown = read(*recorded("stream_text"))

    signature = json.dumps(SIGNED)
    parts = f'[{{"text":"Hello"}},{{"text":"","thoughtSignature":{signature}}}]'
    assert streamed.is_complete
    assert (streamed.reply(), shown) == (TextReply("Hello", parts), "Hello")


def test_a_recorded_call_keeps_its_part_byte_for_byte() -> None:
    events = recorded("stream_function_call")

    streamed, shown = read(*events)

    wish = streamed.reply()
    assert isinstance(wish, ImageRequest)
    assert json.loads(wish.parts) == events[0].data["candidates"][0]["content"]["parts"]
    assert (wish.prompt, wish.text, shown) == ("fox", "", "")


def test_only_what_the_stream_cut_apart_is_put_together() -> None:
    sent: list[list[dict[str, Any]]] = [
        [{"text": "hm", "thought": True}],
        [{"text": "m", "thought": True}, {"text": "Once"}],
        [{"text": " upon"}, {"text": " a"}],
        [{"text": " time", "thoughtSignature": "AAAA"}],
        [{"text": " it"}],
    ]

    streamed, shown = read(*(event(*parts) for parts in sent), event(finish="STOP"))

    reply = streamed.reply()
    assert json.loads(reply.parts) == [
        {"text": "hmm", "thought": True},
        {"text": "Once upon"},
        {"text": " a"},
        {"text": " time", "thoughtSignature": "AAAA"},
        {"text": " it"},
    ]
    assert shown == "Once upon a time it"
    assert isinstance(reply, TextReply)
    assert reply.text == shown


@given(st.text(st.characters(), max_size=40), st.lists(st.integers(0, 80), max_size=12))
def test_any_pieces_show_the_text_in_order_and_in_whole_characters(
    text: str, cuts: list[int]
) -> None:
    """Cut between the halves of a character, too, as JSON's escapes can be."""
    halves = text.encode("utf-16-le", "surrogatepass")
    ends = sorted({0, len(halves) // 2, *(cut for cut in cuts if cut * 2 < len(halves))})
    pieces = [
        "".join(
            chr(int.from_bytes(halves[at * 2 : at * 2 + 2], "little")) for at in range(start, end)
        )
        for start, end in pairwise(ends)
    ]
    streamed = StreamedText()
    shown = ""
    for piece in pieces:
        shown += streamed.add(event({"text": piece}))
        shown.encode()  # no half of a character

    streamed.add(event({"text": "."}, finish="STOP"))

    reply = streamed.reply()
    assert isinstance(reply, TextReply)
    assert reply.text.startswith(shown)
    assert reply.text == halves.decode("utf-16-le", "replace") + "."


def test_no_more_is_shown_than_is_kept() -> None:
    streamed, shown = read(*[event({"text": "x" * 50_000})] * 2, event(finish="STOP"))

    reply = streamed.reply()
    assert isinstance(reply, TextReply)
    assert reply.text == shown == "x" * MAX_REPLY


def test_words_beside_a_call_stay_as_far_as_there_is_room() -> None:
    call = {"functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}}}

    streamed, _ = read(event({"text": "x" * 9_000}), event(call, finish="STOP"))

    wish = streamed.reply()
    assert isinstance(wish, ImageRequest)
    assert wish.text == "x" * MAX_BESIDE


def test_a_stream_without_a_reason_is_cut_off() -> None:
    streamed, _ = read(event({"text": "Once"}))

    with pytest.raises(ProviderUnavailable, match="finishReason"):
        streamed.reply()


def test_a_reason_is_not_the_end_while_the_model_goes_on() -> None:
    """Some give one with each event, and some with empty ones before the first word."""
    streamed, shown = read(
        event(finish="STOP"), event({"text": "Once"}, finish="STOP"), event({"text": " upon"})
    )
    assert (shown, streamed.is_complete, streamed.has_stopped) == ("Once upon", False, False)

    streamed.add(event(finish="STOP"))
    streamed.add(event({"text": ""}))

    assert (streamed.is_complete, streamed.has_stopped, streamed.is_enough) == (False, True, True)
    assert streamed.reply() == TextReply("Once upon", '[{"text":"Once upon"}]')


def test_a_reason_behind_words_without_one_is_the_end() -> None:
    thought = {"text": "hm", "thought": True}

    assert read(event({"text": "Once"}), event(finish="STOP"))[0].is_complete
    assert read(event(thought), event({"text": "Once"}, finish="STOP"))[0].is_complete


def test_behind_a_refusal_or_a_call_nothing_is_waited_for() -> None:
    call = {"functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}}}

    assert read(event(finish="SAFETY"))[0].is_complete
    assert read(event({"text": "Here:"}, finish="STOP"), event(call, finish="STOP"))[0].is_complete


def test_an_answer_that_is_no_stream_needs_no_reason() -> None:
    streamed, _ = read(event({"text": "Once"})._replace(as_asked=False))

    assert isinstance(streamed.reply(), TextReply)


def test_a_refusal_behind_words_is_one() -> None:
    streamed, _ = read(event({"text": "Once"}), event(finish="SAFETY"))

    with pytest.raises(Blocked):
        streamed.reply()


def test_behind_words_nothing_is_asked_again() -> None:
    call = {"functionCall": {"name": "generate_image", "args": {}}}

    with pytest.raises(Retryable):
        read(event(call, finish="STOP"))[0].reply()
    with pytest.raises(ProviderUnavailable):
        read(event({"text": "Here:"}), event(call, finish="STOP"))[0].reply()
