"""What answers say that they used, whatever it looks like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterimage.adapters.gemini.metering import Meter
from afterimage.domain.usage import UNTOLD, Usage

RECORDED = Path(__file__).parent / "data" / "gemini"
STOP = {"candidates": [{"finishReason": "STOP"}]}
BANANA = "gemini-nano-banana-2.1"


def metered(*events: Any) -> Usage | None:
    meter = Meter()
    for event in events:
        meter.add(event)
    return meter.usage


def used(**said: Any) -> Usage | None:
    """Of an answer that ended with these figures."""
    return metered({**STOP, "usageMetadata": said})


def image(tokens: Any, modality: Any = "IMAGE") -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": tokens}]


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("text_minimal", Usage({"text": 12}, {UNTOLD: 5}, 23, model="gemini-3.8-flash")),
        ("image_output", Usage({"text": 9}, {"image": 1120}, model=BANANA)),
        ("image_output_with_thoughts", Usage({"text": 12}, {UNTOLD: 5}, 23, model=BANANA)),
        ("blocked_prompt", Usage({UNTOLD: 7}, model=BANANA)),
        ("finish_image_safety", Usage({UNTOLD: 7})),
    ],
)
def test_answers_that_were_recorded(name: str, usage: Usage) -> None:
    assert metered(json.loads((RECORDED / f"{name}.json").read_text())) == usage


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        # The list leaves words out, and may count more than the sum.
        (
            {"candidatesTokenCount": 1290, "candidatesTokensDetails": image(1120)},
            Usage(written={"image": 1120, "text": 170}),
        ),
        (
            {"candidatesTokenCount": 5, "candidatesTokensDetails": image(1120)},
            Usage(written={"image": 1120}),
        ),
        ({"candidatesTokensDetails": image(3) + image(4)}, Usage(written={"image": 7})),
        # Pictures that were sent along, results of tools, what the provider had kept.
        (
            {
                "promptTokenCount": 300,
                "promptTokensDetails": [*image(258), *image(42, "TEXT")],
                "toolUsePromptTokenCount": 8,
                "cachedContentTokenCount": 40,
                "cacheTokensDetails": [*image(30, "TEXT"), *image(10)],
            },
            Usage({"image": 258, "text": 42, UNTOLD: 8}, cached=30),
        ),
        ({"promptTokenCount": 5, "cachedContentTokenCount": 50}, Usage({UNTOLD: 5}, cached=5)),
        # Numbers in other clothes.
        ({"thoughtsTokenCount": "12"}, Usage(thoughts=12)),
        ({"thoughtsTokenCount": 12.0}, Usage(thoughts=12)),
        ({"candidatesTokensDetails": image(2, "SMELL")}, Usage(written={UNTOLD: 2})),
        ({"candidatesTokensDetails": image(2, None)}, Usage(written={UNTOLD: 2})),
    ],
)
def test_tokens_by_modality(said: dict[str, Any], usage: Usage) -> None:
    assert used(**said) == usage


@pytest.mark.parametrize(
    "odd",
    [-1, True, None, "", "12a", "-3", "1e3", "٣", 1.5, float("nan"), float("inf"), [], {}, 10**10],
)
def test_what_is_no_number_of_tokens_counts_as_none(odd: Any) -> None:
    assert used(promptTokenCount=3, candidatesTokenCount=odd) == Usage({UNTOLD: 3})
    assert used(promptTokenCount=3, candidatesTokensDetails=image(odd)) == Usage({UNTOLD: 3})
    assert used(promptTokenCount=3, candidatesTokensDetails=odd) == Usage({UNTOLD: 3})
    assert used(thoughtsTokenCount=odd) is None
    assert metered({**STOP, "usageMetadata": odd}) is None


def test_of_a_stream_the_last_figures_are_those_of_the_whole() -> None:
    first = {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2}}
    last = {**STOP, "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 20}}

    assert metered(first, {}, last, {"usageMetadata": {}}) == Usage({UNTOLD: 9}, {UNTOLD: 20})
    assert metered(first) == Usage({UNTOLD: 9}, {UNTOLD: 2})  # broken off: so much is known


def test_an_event_that_leaves_some_out_takes_nothing_back() -> None:
    whole = {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 20}}
    last = {**STOP, "usageMetadata": {"promptTokenCount": 9}}

    assert metered(whole, last) == Usage({UNTOLD: 9}, {UNTOLD: 20})


def test_a_prompt_alone_is_all_only_of_what_has_ended_without_a_picture() -> None:
    prompt = {"usageMetadata": {"promptTokenCount": 9}}
    part = {"inlineData": {"mimeType": "image/jpeg", "data": "AAAA"}}
    picture = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}

    assert metered(prompt) is None
    assert metered(prompt, STOP) == Usage({UNTOLD: 9})
    assert metered(prompt, {"promptFeedback": {"blockReason": "SAFETY"}}) == Usage({UNTOLD: 9})
    assert metered(prompt, picture) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["modality", "tokenCount", "content", "parts", "inlineData", "x"]),
            inner,
        )
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("promptTokenCount", "promptTokensDetails", "thoughtsTokenCount", "candidatesTokenCount"),
        *("candidatesTokensDetails", "cachedContentTokenCount", "toolUsePromptTokenCount"),
    ]
)


@given(st.dictionaries(FIELDS, ANYTHING) | ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_is_said_breaks_anything(said: Any, candidates: Any, model: Any) -> None:
    usage = metered({"usageMetadata": said, "candidates": candidates, "modelVersion": model}, said)

    assert usage is None or usage.tokens > 0
    if usage is not None:
        counted = [*usage.read.values(), *usage.written.values(), usage.thoughts]
        assert all(isinstance(n, int) and n >= 0 for n in counted)
        assert 0 <= usage.cached <= sum(usage.read.values())
