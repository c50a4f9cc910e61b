"""What Gemini's answers mean, by the responses its own SDK was recorded with."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.doubles import NOW

from afterimage.adapters.gemini import answers, refusals
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.adapters.gemini.streamed import StreamedPicture
from afterimage.domain.errors import (
    Blocked,
    Failure,
    NoImage,
    ProviderRejected,
    ProviderUnavailable,
)
from afterimage.ports.models import ImageRequest, TextReply

RECORDED = Path(__file__).parent / "data" / "gemini"
PNG = b"\x89PNG\r\n\x1a\n"

REFUSALS = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
]
OTHERS = [
    "STOP",
    "MAX_TOKENS",
    "LANGUAGE",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "ESCALATION",
    "PUP_LIMITED_DISABLED",
    "CONTINUATION",
    "SOMETHING_NEW",
    None,
]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


def body(*parts: dict[str, Any], finish: str | None = "STOP") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate]}


def inline(data: bytes | str, **more: Any) -> dict[str, Any]:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {"inlineData": {"mimeType": "image/jpeg", "data": text}, **more}


def call(**args: Any) -> dict[str, Any]:
    return {"functionCall": {"name": "generate_image", "args": args}}


def finished(answer: Any) -> list[bytes]:
    """The pictures of an answer that came as one event."""
    streamed = StreamedPicture()
    streamed.add(answer)
    return streamed.pictures()


def image_bytes(answer: Any) -> bytes:
    """The first of them."""
    return finished(answer)[0]


def chain_of(error: BaseException) -> str:
    return f"{error} {getattr(error, 'failure', '')}"


# --- Text --------------------------------------------------------------------------------------


def test_a_recorded_text() -> None:
    reply = answers.text_reply(recorded("text_minimal"))

    assert reply == TextReply("Hello", '[{"text":"Hello"}]')


def test_a_recorded_call_keeps_its_parts_byte_for_byte() -> None:
    wish = answers.text_reply(recorded("function_call"))

    assert isinstance(wish, ImageRequest)
    assert (wish.prompt, wish.aspect_ratio) == ("a red fox", "1:1")
    sent = recorded("function_call")["candidates"][0]["content"]["parts"]
    assert json.loads(wish.parts) == sent


def test_an_unknown_finish_reason_of_a_text_is_tolerated() -> None:
    assert answers.text_reply(recorded("finish_unknown_future_value")) == TextReply(
        "x", '[{"text":"x"}]'
    )


def test_thoughts_are_never_shown_but_are_sent_back() -> None:
    parts: list[Any] = [{"text": "I wonder", "thought": True}, {"text": "Hel"}, {"text": "lo"}]

    reply = answers.text_reply(body(*parts))

    assert isinstance(reply, TextReply)
    assert reply.text == "Hello"
    assert json.loads(reply.parts) == parts


def test_a_call_wins_over_text_and_over_other_tools() -> None:
    other = {"functionCall": {"name": "search", "args": {}}}

    wish = answers.text_reply(body({"text": "Sure!"}, other, call(prompt=" a fox ")))

    assert isinstance(wish, ImageRequest)
    assert (wish.prompt, wish.aspect_ratio) == ("a fox", None)


def test_a_call_may_name_a_number_and_what_is_edited() -> None:
    wish = answers.text_reply(body(call(prompt="a fox", count=3, edit=[2, 1])))

    assert isinstance(wish, ImageRequest)
    assert (wish.count, wish.edit) == (3, (2, 1))


def test_a_calls_arguments_may_be_a_text_that_is_json() -> None:
    """As gateways of other providers write them."""
    written = {"name": "generate_image", "args": '{"prompt": "a fox", "count": 2}'}

    wish = answers.text_reply(body({"functionCall": written}))

    assert isinstance(wish, ImageRequest)
    assert (wish.prompt, wish.count) == ("a fox", 2)
    assert json.loads(wish.parts) == [call(prompt="a fox", count=2)], "a model takes objects only"


@pytest.mark.parametrize("args", ["", "a fox", "[1]", "null", '{"prompt": ', "[" * 9_000])
def test_a_text_that_is_no_object_is_no_arguments(args: str) -> None:
    with pytest.raises(Retryable):
        answers.text_reply(body({"functionCall": {"name": "generate_image", "args": args}}))


NUMBERS = st.integers() | st.floats() | st.text(max_size=9) | st.booleans() | st.none()


@given(NUMBERS | st.lists(NUMBERS), NUMBERS | st.lists(NUMBERS))
def test_no_answer_fails_for_its_numbers(count: Any, edit: Any) -> None:
    wish = answers.text_reply(body(call(prompt="a fox", count=count, edit=edit)))

    assert isinstance(wish, ImageRequest)
    assert 1 <= wish.count <= 4
    assert len(set(wish.edit)) == len(wish.edit) <= 14
    assert all(type(number) is int and number > 0 for number in wish.edit)
    assert json.loads(wish.parts)


def test_half_a_character_of_a_prompt_is_replaced() -> None:
    wish = answers.text_reply(body(call(prompt="a \ud83d fox")))

    assert isinstance(wish, ImageRequest)
    assert wish.prompt == "a \ufffd fox"
    wish.parts.encode()


@pytest.mark.parametrize(
    ("code", "failure"), [(503, Retryable), (403, ProviderRejected), ("?", Retryable)]
)
def test_an_error_in_place_of_a_text_is_one(code: Any, failure: type[Exception]) -> None:
    with pytest.raises(failure) as failed:
        answers.text_reply({"error": {"code": code, "message": "no"}})

    assert "no" in chain_of(failed.value)


def test_the_first_of_several_calls_is_taken() -> None:
    wish = answers.text_reply(body(call(prompt="one"), call(prompt="two")))

    assert isinstance(wish, ImageRequest)
    assert wish.prompt == "one"
    assert "two" in wish.parts


@pytest.mark.parametrize("args", [{}, {"prompt": ""}, {"prompt": "  "}, {"prompt": 7}, None, []])
def test_a_call_without_a_prompt_may_be_asked_again_once(args: Any) -> None:
    part = {"functionCall": {"name": "generate_image", "args": args}}

    with pytest.raises(Retryable) as again:
        answers.text_reply(body(part))

    assert (again.value.times, type(again.value.failure)) == (1, ProviderUnavailable)


def test_prompts_and_replies_have_their_limits() -> None:
    wish = answers.text_reply(body(call(prompt="x" * 2_001)))
    reply = answers.text_reply(body({"text": "x" * 60_001}))

    assert isinstance(wish, ImageRequest)
    assert isinstance(reply, TextReply)
    assert (len(wish.prompt), len(reply.text)) == (2_000, 60_000)


def test_parts_too_large_to_keep_are_as_if_never_said() -> None:
    reply = answers.text_reply(body({"text": "Hi", "thoughtSignature": "x" * 200_000}))

    assert reply == TextReply("Hi", "[]")


@pytest.mark.parametrize("finish", REFUSALS)
def test_a_refused_text_is_blocked(finish: str) -> None:
    with pytest.raises(Blocked):
        answers.text_reply(body({"text": "half a sent"}, finish=finish))


def test_recorded_refusals_are_blocked() -> None:
    for name in ("blocked_prompt", "finish_safety"):
        with pytest.raises(Blocked):
            answers.text_reply(recorded(name))


@pytest.mark.parametrize("finish", OTHERS)
def test_no_text_may_be_asked_again_once(finish: str | None) -> None:
    with pytest.raises(Retryable) as again:
        answers.text_reply(body(finish=finish))

    assert (again.value.times, type(again.value.failure)) == (1, ProviderUnavailable)


# --- Pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["image_output", "image_output_minimal", "image_output_with_thoughts"]
)
def test_recorded_pictures(name: str) -> None:
    assert image_bytes(recorded(name)).startswith(PNG)


def test_all_pictures_that_are_no_drafts_are_taken() -> None:
    parts = [
        inline(b"draft one", thought=True),
        inline(b"first"),
        {"text": "and another:"},
        inline(b"last"),
        inline(b"draft two", thought=True),
    ]

    assert finished(body(*parts)) == [b"first", b"last"]


def test_of_an_answer_with_very_many_pictures_four_are_kept() -> None:
    """One that is sent twice is one."""
    parts = [inline(data) for data in (b"one", b"one", b"two", b"three", b"four", b"five")]

    assert finished(body(*parts)) == [b"one", b"two", b"three", b"four"]


@pytest.mark.parametrize("finish", ["STOP", "NO_IMAGE", "IMAGE_OTHER", "SOMETHING_NEW"])
def test_the_last_draft_is_the_picture_if_nothing_better_came(finish: str) -> None:
    drafts = [inline(b"one", thought=True), inline(b"two", thought=True)]

    assert image_bytes(body(*drafts, finish=finish)) == b"two"


@pytest.mark.parametrize("final", ["", "not base64!", None, 7])
def test_a_draft_is_better_than_a_picture_that_cannot_be_read(final: Any) -> None:
    unread = {"inlineData": {"mimeType": "image/jpeg", "data": final}}

    assert image_bytes(body(inline(b"draft", thought=True), unread)) == b"draft"


ADDRESS = {"fileData": {"mimeType": "image/png", "fileUri": "https://files.test/a"}}


@pytest.mark.parametrize("part", [ADDRESS, inline(""), {"inlineData": {"mimeType": "image/png"}}])
def test_a_picture_that_is_not_in_its_answer_is_not_asked_for_twice(part: dict[str, Any]) -> None:
    """It has been painted, and is paid for."""
    with pytest.raises(NoImage):
        finished(body({"text": "Here it is."}, part))

    assert finished(body(inline(b"draft", thought=True), part)) == [b"draft"]
    assert finished(body(part, inline(b"another"))) == [b"another"]


def test_a_null_is_no_picture() -> None:
    with pytest.raises(Retryable):
        finished(body({"text": "Words", "inlineData": None, "fileData": None}))


@pytest.mark.parametrize(
    "data",
    [
        "-_-_",
        "+/+/",
        base64.urlsafe_b64encode(b"\xfb\xff").decode(),
        base64.urlsafe_b64encode(b"\xfb\xff").decode().rstrip("="),
        base64.b64encode(b"\xfb\xff").decode().rstrip("="),
        "-_\r\n-_\n",
    ],
)
def test_every_kind_of_base64_is_read(data: str) -> None:
    expected = base64.urlsafe_b64decode(data.replace("+", "-").replace("/", "_") + "===")

    assert image_bytes(body(inline(data))) == expected


def test_a_data_url_is_read() -> None:
    assert image_bytes(body(inline("data:image/png;base64,-_-_"))) == b"\xfb\xff\xbf"


@given(st.binary(min_size=1))
def test_bytes_survive_url_safe_base64(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")

    assert image_bytes(body(inline(text))) == data


@pytest.mark.parametrize("data", ["not base64!", "a b c d", "A", "ü"])
def test_what_is_no_base64_is_no_picture(data: str) -> None:
    with pytest.raises(NoImage):
        image_bytes(body(inline(data)))


@pytest.mark.parametrize("finish", REFUSALS)
def test_a_refused_picture_is_blocked(finish: str) -> None:
    with pytest.raises(Blocked):
        image_bytes(body(finish=finish))


def test_recorded_refused_pictures_are_blocked() -> None:
    for name in ("blocked_prompt", "finish_image_safety", "finish_safety"):
        with pytest.raises(Blocked):
            image_bytes(recorded(name))


@pytest.mark.parametrize("name", ["finish_no_image", "no_image_stop_text_only"])
def test_talk_instead_of_a_picture_is_asked_again_once_without_words(name: str) -> None:
    with pytest.raises(Retryable) as again:
        image_bytes(recorded(name))

    assert (again.value.times, again.value.image_only) == (1, True)
    assert isinstance(again.value.failure, NoImage)


@pytest.mark.parametrize("finish", ["IMAGE_OTHER", "OTHER", "MALFORMED_RESPONSE", "NEW"])
def test_no_picture_for_no_reason_is_asked_again_once(finish: str) -> None:
    with pytest.raises(Retryable) as again:
        image_bytes(body(finish=finish))

    assert (again.value.times, again.value.image_only) == (1, False)
    assert isinstance(again.value.failure, NoImage)


def test_a_cap_that_came_before_the_picture_is_not_asked_again() -> None:
    with pytest.raises(NoImage):
        image_bytes(body(finish="MAX_TOKENS"))


def test_an_empty_answer_is_asked_again_once() -> None:
    with pytest.raises(Retryable) as text:
        answers.text_reply(recorded("empty_object"))
    with pytest.raises(Retryable) as picture:
        image_bytes(recorded("empty_object"))

    assert isinstance(text.value.failure, ProviderUnavailable)
    assert isinstance(picture.value.failure, NoImage)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["candidates", "content", "parts", "text", "thought", "inlineData", "data", "error",
             "functionCall", "name", "args", "prompt", "finishReason", "promptFeedback",
             "blockReason", "message", "status", "details", "@type", "violations", "quotaId"]
        ),
        inner | st.sampled_from(["STOP", "generate_image", "x.RetryInfo", "x.QuotaFailure"]),
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize("odd", [{"response": {"candidates": []}}, {"predictions": []}])
def test_an_answer_of_other_fields_may_have_been_paid(odd: Any) -> None:
    for read in (answers.text_reply, image_bytes):
        with pytest.raises(ProviderUnavailable):
            read(odd)


@given(JSON)
def test_whatever_comes_is_an_answer_or_a_reason(answer: Any) -> None:
    for read in (answers.text_reply, image_bytes):
        with suppress(Failure, Retryable):
            read(answer)


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": [{"finishReason": ["STOP"]}]},
        {"candidates": [{"finishReason": {}, "content": {"parts": [{"text": ""}]}}]},
        {"candidates": [None]},
        {"candidates": {}},
        {"candidates": [{"content": {"parts": {"text": "x"}}}]},
        {"promptFeedback": []},
        [],
        None,
        7,
    ],
    ids=str,
)
def test_fields_of_other_types_break_nothing(odd: Any) -> None:
    for read in (answers.text_reply, image_bytes):
        with pytest.raises((Failure, Retryable)):
            read(odd)


# --- Statuses ----------------------------------------------------------------------------------


def failure_of(name: str) -> Failure | Retryable:
    response = recorded(name)
    return refusals.http_failure(response["http_status"], response["body"])


@pytest.mark.parametrize(
    "name",
    [
        "err_400_api_key_invalid",
        "err_400_bad_request",
        "err_403_permission_denied",
        "err_404_not_found",
        "err_404_retired",
    ],
)
def test_a_rejected_request_is_not_repeated(name: str) -> None:
    assert isinstance(failure_of(name), ProviderRejected)


def test_a_retired_model_names_its_successor_in_the_log() -> None:
    assert str(failure_of("err_404_retired")).startswith(
        "model retired, use models/gemini-3.8-flash"
    )


@pytest.mark.parametrize("name", ["err_500_internal", "err_503_unavailable"])
def test_an_overloaded_model_is_asked_again(name: str) -> None:
    failure = failure_of(name)

    assert isinstance(failure, Retryable)
    assert (failure.times, failure.wait) == (2, None)
    assert isinstance(failure.failure, ProviderUnavailable)


@pytest.mark.parametrize(("status", "times"), [(408, 2), (500, 2), (502, 2), (503, 2), (504, 1)])
def test_how_often_a_status_may_be_repeated(status: int, times: int) -> None:
    failure = refusals.http_failure(status, None)

    assert isinstance(failure, Retryable)
    assert failure.times == times


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_other_4xx_are_rejected(status: int) -> None:
    assert isinstance(refusals.http_failure(status, None), ProviderRejected)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 501, 505])
def test_the_rest_is_unavailable_and_not_repeated(status: int) -> None:
    assert isinstance(refusals.http_failure(status, None), ProviderUnavailable)


def quota(quota_id: str, delay: Any = "23.5s", message: str = "You exceeded it.") -> Any:
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": quota_id}],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    return {"error": {"code": 429, "message": message, "details": details}}


def test_a_minutes_quota_is_waited_for() -> None:
    failure = refusals.http_failure(429, quota("GenerateRequestsPerMinutePerProject"))

    assert isinstance(failure, Retryable)
    assert (failure.wait, failure.failure.retry_after) == (23.5, 24)


@pytest.mark.parametrize(
    "answer",
    [
        quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        quota("PerMinute", message="Quota exceeded, limit: 0, model: x"),
        quota("PerMinute", message="x" * 900 + "limit: 0, model: x\nPlease retry in 3s."),
        {"error": {"details": [{"violations": [{"quotaId": "PerMinute", "quotaValue": "0"}]}]}},
    ],
)
def test_a_days_quota_is_not(answer: Any) -> None:
    failure = refusals.http_failure(429, answer)

    assert isinstance(failure, ProviderUnavailable)
    assert failure.retry_after is None


def test_a_limit_that_only_begins_with_a_nought_is_a_minutes() -> None:
    failure = refusals.http_failure(429, quota("PerMinute", message="limit: 0.5, model: x"))

    assert isinstance(failure, Retryable)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("Fri, 20 Nov 2026 10:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 10:01:30 -0000", 90.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("99999999999999", None),
    ],
)
def test_a_header_says_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert refusals.seconds_until(header, NOW) == seconds


def test_of_several_waits_the_longest_is_kept() -> None:
    said = quota("PerMinute", "5s", message="Please retry in 1m30s. Or retry after 7s.")

    failure = refusals.http_failure(429, said, 12.0)

    assert isinstance(failure, Retryable)
    assert failure.wait == 90


def test_the_recorded_quota_is_a_days() -> None:
    assert isinstance(failure_of("err_429_quota"), ProviderUnavailable)


@pytest.mark.parametrize("delay", ["soon", "", None, "-3s", "1e9s", 7])
def test_a_strange_delay_is_left_to_the_backoff(delay: Any) -> None:
    failure = refusals.http_failure(429, quota("PerMinute", delay))

    assert isinstance(failure, Retryable)
    assert failure.wait is None


def test_a_429_without_details_is_asked_again() -> None:
    assert isinstance(refusals.http_failure(429, None), Retryable)


def test_an_error_in_a_list_is_read() -> None:
    failure = refusals.http_failure(400, [recorded("err_400_bad_request")["body"]])

    assert "INVALID_ARGUMENT" in str(failure)


@given(st.sampled_from([400, 429, 503, 302]), JSON)
def test_whatever_comes_with_a_status_is_a_reason(status: int, answer: Any) -> None:
    assert isinstance(refusals.http_failure(status, answer), Failure | Retryable)


@pytest.mark.parametrize(
    "error", [{"details": 5}, {"details": "x"}, {"details": [{"@type": "x.QuotaFailure",
     "violations": 7}]}, {"details": [None]}, {"message": None}, "text", None],
    ids=str,
)  # fmt: skip
def test_details_of_other_types_break_nothing(error: Any) -> None:
    assert isinstance(refusals.http_failure(429, {"error": error}), Retryable)


def test_the_providers_words_never_reach_people() -> None:
    for failure in (failure_of("err_400_api_key_invalid"), failure_of("err_503_unavailable")):
        told = failure.failure if isinstance(failure, Retryable) else failure
        assert "API key" not in told.public
        assert "HTTP" not in told.public
        assert "HTTP" in str(told)
