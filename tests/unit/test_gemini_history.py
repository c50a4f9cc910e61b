"""What goes back to the model is a history that it takes, whatever it once said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.local_stack.gemini.conversation import check_contents
from tests.local_stack.gemini.errors import Refusal
from tests.support.builders import a_message

from afterimage.adapters.gemini import answers, history
from afterimage.adapters.gemini.refusals import Retryable
from afterimage.domain.conversation import Turn, in_pairs, turns
from afterimage.domain.errors import Failure
from afterimage.domain.failure_notes import FailureNote
from afterimage.domain.messages import Message, Role, Status
from afterimage.domain.slots import Slot, SlotStatus
from afterimage.ports.models import TextReply

SIGNATURE = "U0lHTg=="
CALL: dict[str, Any] = {
    "functionCall": {"name": "generate_image", "args": {"prompt": "a fox"}, "id": "c1"}
}
SIGNED: dict[str, Any] = {**CALL, "thoughtSignature": SIGNATURE}
DUMMY = "skip_thought_signature_validator"


def conversation(*said: Sequence[Any], status: Status = Status.COMPLETE) -> list[Turn]:
    """Questions and these answers, as their rows hold them, and one more question."""
    messages: list[Message] = []
    for number, parts in enumerate(said):
        question = a_message(2 * number)
        kept = json.dumps([part for part in parts if isinstance(part, dict)])
        slots = (Slot(f"job-{number}", SlotStatus(status.value)),)
        answer = {"role": Role.ASSISTANT, "status": status, "slots": slots}
        replied = a_message(2 * number + 1, reply_to=question.id, parts=kept, **answer)
        messages += [question, replied]
    return turns([*in_pairs(messages, 80_000), a_message(999, text="go on")])


def check(contents: list[dict[str, Any]]) -> None:
    """By the simulator's rules, which are the provider's as far as they are known."""
    json.dumps(contents, ensure_ascii=False, allow_nan=False).encode()
    check_contents(contents, needs_signatures=True, declared=frozenset({"generate_image"}))
    assert contents[0]["role"] == contents[-1]["role"] == "user"


def model_parts(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for content in contents if content["role"] == "model" for part in content["parts"]]


def test_what_is_right_goes_back_as_it_came() -> None:
    thought: Any = {"text": "", "thoughtSignature": "-_-_"}
    said = conversation([{"text": "hm", "thought": True}, {"text": "Hi"}, thought], [SIGNED])

    contents = history.contents(said)

    assert contents == [{"role": turn.role, "parts": list(turn.parts)} for turn in said]
    check(contents)


def answered(call_id: str | None) -> dict[str, Any]:
    given = {} if call_id is None else {"id": call_id}
    response = {"output": {"image_id": "job-0", "shown_to_user": True}}
    return {"functionResponse": {"name": "generate_image", **given, "response": response}}


UNDECLARED: dict[str, Any] = {"functionCall": {"name": "google_search", "args": {}, "id": "c9"}}
ODD: dict[str, tuple[list[Any], list[dict[str, Any]]]] = {
    "an undeclared call": (
        [{"text": "Let me look."}, {**UNDECLARED, "thoughtSignature": SIGNATURE}],
        [{"text": "Let me look."}],
    ),
    "an undeclared call alone": ([UNDECLARED], []),
    "an undeclared call before": (
        [{**UNDECLARED, "thoughtSignature": SIGNATURE}, CALL],
        [{**CALL, "thoughtSignature": DUMMY}],
    ),
    "a bare signature": (
        [{"text": "Hello"}, {"thoughtSignature": SIGNATURE}],
        [{"text": "Hello"}, {"text": "", "thoughtSignature": SIGNATURE}],
    ),
    "no signature": ([CALL], [{**CALL, "thoughtSignature": DUMMY}]),
    "a signature that is none": (
        [{"text": "Hi", "thoughtSignature": "no base64!"}, {**CALL, "thoughtSignature": 7}],
        [{"text": "Hi"}, {**CALL, "thoughtSignature": DUMMY}],
    ),
    "nothing": ([{"text": ""}, {}, {"thought": True}, {"text": 7}], []),
    "a call that is no object": (
        [{"text": "Hi"}, {"functionCall": "generate_image"}],
        [{"text": "Hi"}],
    ),
    "arguments that are no object": (
        [{"functionCall": {"name": "generate_image", "args": [1]}, "thoughtSignature": SIGNATURE}],
        [{"functionCall": {"name": "generate_image", "args": {}}, "thoughtSignature": SIGNATURE}],
    ),
    "an id that is none": (
        [{"functionCall": {"name": "generate_image", "args": {}, "id": 7}}],
        [{"functionCall": {"name": "generate_image", "args": {}}, "thoughtSignature": DUMMY}],
    ),
    "unknown fields": ([{"text": "Hi", "mood": "good", "thought": "yes"}], [{"text": "Hi"}]),
    "two kinds of data": ([{**SIGNED, "text": "Here"}], [SIGNED]),
    "half a character": ([{"text": "a \ud83d b"}], [{"text": "a \ufffd b"}]),
}


@pytest.mark.parametrize(("said", "sent"), ODD.values(), ids=ODD.keys())
def test_what_the_model_would_refuse_is_mended(said: list[Any], sent: list[dict[str, Any]]) -> None:
    contents = history.contents(conversation(said))

    assert model_parts(contents) == sent
    check(contents)


def test_arguments_nested_beyond_sense_are_cut_off() -> None:
    args: Any = {}
    for _ in range(2_000):
        args = {"deeper": args}

    (part,) = history.sendable([{"functionCall": {"name": "generate_image", "args": args}}])

    assert json.dumps(part).count("deeper") == 20


def test_an_id_that_comes_again_is_left_out_of_call_and_result() -> None:
    second = {name: value for name, value in CALL["functionCall"].items() if name != "id"}

    contents = history.contents(conversation([SIGNED, CALL], [SIGNED]))

    assert model_parts(contents) == [
        SIGNED,
        {"functionCall": second},
        {"functionCall": second, "thoughtSignature": SIGNATURE},
    ]
    check(contents)


def test_each_call_that_stays_keeps_its_own_result() -> None:
    contents = history.contents(conversation([{"text": "Well,"}, UNDECLARED, SIGNED], [UNDECLARED]))

    results = [
        part for content in contents for part in content["parts"] if "functionResponse" in part
    ]
    assert [part["functionResponse"]["id"] for part in results] == ["c1"]
    assert results[0]["functionResponse"]["response"] == {
        "error": "not carried out: one call in an answer"
    }


@pytest.mark.parametrize(
    "lonely", [Turn("model", [SIGNED]), Turn("model", [{"text": "Hi"}]), Turn("user", [])]
)
def test_a_history_begins_with_a_user(lonely: Turn) -> None:
    check(history.contents([lonely, Turn("user", [{"text": "hello"}])]))


def test_in_plain_words_both_sides_take_turns() -> None:
    said = conversation([{"text": "hm", "thought": True}, {"text": "Hi"}], [SIGNED], [UNDECLARED])

    assert history.in_words(said) == [
        {"role": "user", "parts": [{"text": "message 0"}]},
        {"role": "model", "parts": [{"text": "Hi"}]},
        {
            "role": "user",
            "parts": [
                {"text": "message 2"},
                {"text": "(A picture was ordered here: a fox)"},
                {"text": "message 4"},
                {"text": "go on"},
            ],
        },
    ]


def test_halves_of_a_character_in_two_parts_are_one() -> None:
    parts = [{"text": "a \ud83e"}, {"text": "\udd8a!"}]

    reply = answers.text_reply({"candidates": [{"content": {"parts": parts}}]})

    assert isinstance(reply, TextReply)
    assert reply.text == "a 🦊!"
    reply.parts.encode()


# --- Arbitrary answers -------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=6)
    | st.sampled_from(["\ud83d", "\udd8a", SIGNATURE, "generate_image"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
DEEP: Any = {}
for _ in range(60):
    DEEP = {"deeper": DEEP}


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the fields, and each of them sometimes of another kind."""
    return st.fixed_dictionaries({}, optional={name: kind | JSON for name, kind in fields.items()})


CALLS = some(
    name=st.sampled_from(["generate_image", "generate_image", "google_search", ""]),
    id=st.sampled_from(["c1", "c2", ""]),
    args=some(prompt=st.just("a fox"), aspect_ratio=st.just("1:1"), more=st.just(DEEP)),
)
PARTS = some(
    text=st.sampled_from(["Hello", "", " "]),
    thought=st.booleans(),
    thoughtSignature=st.sampled_from([SIGNATURE, "no base64!", "", DUMMY]),
    functionCall=CALLS,
    functionResponse=some(name=st.just("generate_image"), response=st.just({})),
    inlineData=some(mimeType=st.just("image/png"), data=st.just(SIGNATURE)),
)
PLAIN = st.sampled_from(
    [{"text": "Hello"}, SIGNED, CALL, UNDECLARED, {"thoughtSignature": SIGNATURE}]
)
ANSWERS = st.lists(PLAIN | PARTS | JSON, max_size=4)
STATUSES = st.sampled_from(list(Status))


def replied(number: int, parts: list[Any], status: Status) -> list[Message]:
    """A question and its answer, as it would be kept; the question alone if there was none."""
    question = a_message(2 * number)
    reply = None
    with suppress(Failure, Retryable):
        reply = answers.text_reply({"candidates": [{"content": {"parts": parts}}]})
    if reply is None:
        return [question]
    if isinstance(reply, TextReply):
        reply.text.encode()
    error = FailureNote("blocked", "A sentence.") if status is Status.FAILED else None
    fields = {"role": Role.ASSISTANT, "status": status, "error": error, "parts": reply.parts}
    return [question, a_message(2 * number + 1, reply_to=question.id, **fields)]


@given(st.lists(st.tuples(ANSWERS, STATUSES), max_size=4))
def test_whatever_was_answered_goes_back_as_a_history_that_is_taken(
    said: list[tuple[list[Any], Status]],
) -> None:
    kept = [
        message for i, (parts, status) in enumerate(said) for message in replied(i, parts, status)
    ]
    told = turns([*in_pairs(kept, 80_000), a_message(999)])

    check(history.contents(told))
    check(history.in_words(told))


STORABLE = st.builds(
    lambda parts: json.loads(json.dumps(parts).replace("\\ud", "\\u0")),
    st.lists(PLAIN | PARTS, max_size=4),
)


@given(st.lists(STORABLE, max_size=4))
def test_what_was_kept_before_it_was_mended_goes_back_as_well(said: list[list[Any]]) -> None:
    told = conversation(*said)

    check(history.contents(told))
    roles = [content["role"] for content in history.in_words(told)]
    assert roles == [("user", "model")[i % 2] for i in range(len(roles))]


# --- The rules themselves ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["an undeclared call", "a bare signature", "no signature"])
def test_the_rules_refuse_what_is_not_mended(name: str) -> None:
    """Else the tests above would show nothing."""
    said, _ = ODD[name]
    raw = [{"role": turn.role, "parts": list(turn.parts)} for turn in conversation(said)]

    with pytest.raises(Refusal):
        check(raw)


def test_the_rules_refuse_an_id_that_comes_again() -> None:
    for said in ([[SIGNED, CALL]], [[SIGNED], [SIGNED]]):
        raw = [{"role": turn.role, "parts": list(turn.parts)} for turn in conversation(*said)]
        with pytest.raises(Refusal, match="400"):
            check(raw)
