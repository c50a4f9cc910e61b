"""What of a chat's past is sent along: whole pairs, the newest first, as many as fit."""

from __future__ import annotations

import json

import pytest
from tests.support.builders import a_message
from tests.support.bundle import Bundle

from afterimage.adapters.gemini.answers import MAX_REPLY
from afterimage.domain.conversation import in_pairs
from afterimage.domain.messages import Message, Role
from afterimage.ports.models import TextReply

LONGEST_QUESTION = 8_000


def pair(number: int, question: int, answer: int) -> list[Message]:
    """A question and its answer with so many characters to be sent."""
    asked = a_message(2 * number, text="q" * question)
    parts = "p" * answer
    return [asked, a_message(2 * number + 1, role=Role.ASSISTANT, reply_to=asked.id, parts=parts)]


@pytest.mark.parametrize(
    ("characters", "kept"), [(99, 0), (100, 1), (199, 1), (200, 2), (299, 2), (300, 3), (999, 3)]
)
def test_the_newest_pairs_are_kept_whole(characters: int, kept: int) -> None:
    pairs = [pair(number, 40, 60) for number in range(3)]
    expected = [message for each in pairs[3 - kept :] for message in each]

    assert in_pairs([message for each in pairs for message in each], characters) == expected


def test_nothing_older_is_kept_than_what_did_not_fit() -> None:
    old, large, new = pair(0, 1, 1), pair(1, 40, 60), pair(2, 1, 1)

    assert in_pairs([*old, *large, *new], 50) == new


def test_a_question_without_an_answer_is_a_pair_by_itself() -> None:
    asked, _ = pair(1, 10, 1)

    assert in_pairs([*pair(0, 40, 60), asked], 10) == [asked]


def sent(bundle: Bundle) -> str:
    """What the text model was asked last."""
    turns, _ = bundle.text.asked[-1]
    return json.dumps([turn.parts for turn in turns])


def answered(bundle: Bundle, number: int, question: str, answer: str) -> None:
    bundle.text.script = [TextReply(answer, json.dumps([{"text": answer}]))]
    bundle.tables.rows.used.clear()
    bundle.ask(number, text=question)
    bundle.clock.advance(minutes=1)


def test_a_request_has_a_bound_however_long_a_chat_is(bundle: Bundle) -> None:
    for number in range(9):
        answered(bundle, number, "q" * LONGEST_QUESTION, "a" * MAX_REPLY)

    assert len(sent(bundle)) < 80_000 + LONGEST_QUESTION + 500
    assert sent(bundle).count("a" * MAX_REPLY) == 1, "the last answer is there whole"


def test_the_newest_question_is_whole_however_long_the_past_is(bundle: Bundle) -> None:
    answered(bundle, 0, "q" * LONGEST_QUESTION, "a" * 79_000)

    answered(bundle, 1, "new" * 2_000, "ok")

    assert sent(bundle) == json.dumps([[{"text": "new" * 2_000}]])
