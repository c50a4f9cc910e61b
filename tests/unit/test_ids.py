"""Derived ids: the same on every repeat, valid, in order, and nobody else's."""

from __future__ import annotations

from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import a_ulid
from ulid import ULID

from afterimage.domain import ids

ULIDS = st.binary(min_size=16, max_size=16).map(lambda raw: str(ULID.from_bytes(raw)))
SENT = ULIDS.filter(lambda ulid: ids.milliseconds_of(ulid) < 2**48 - 1)
CHATS = st.text(f"{ascii_letters}{digits}_-", min_size=1, max_size=64)


@given(CHATS, SENT)
def test_an_answer_sorts_directly_behind_its_question(chat: str, question: str) -> None:
    answer = ids.assistant_message_id(chat, question)

    assert ids.is_ulid(answer)
    assert answer > question
    assert ids.milliseconds_of(answer) == ids.milliseconds_of(question) + 1
    assert answer == ids.assistant_message_id(chat, question)


@given(CHATS, CHATS, SENT)
def test_answers_differ_by_chat(one: str, other: str, question: str) -> None:
    same = ids.assistant_message_id(one, question) == ids.assistant_message_id(other, question)

    assert same == (one == other)


@given(CHATS, ULIDS, st.integers(1, 50))
def test_a_job_belongs_to_one_try_of_one_message(chat: str, message: str, number: int) -> None:
    job = ids.job_id(chat, message, number)

    assert ids.is_ulid(job)
    assert ids.milliseconds_of(job) == ids.milliseconds_of(message)
    assert job == ids.job_id(chat, message, number)
    assert job != ids.job_id(chat, message, number + 1)
    assert job != message


def test_derived_ids_never_change() -> None:
    """Rows written by an older version must be found by a newer one."""
    question = "01JD4A7Y000000000000000000"
    answer = ids.assistant_message_id("chat-1", question)

    assert answer == "01JD4A7Y018902D1NV8MS9A6GV"
    assert ids.job_id("chat-1", answer, 1) == "01JD4A7Y01J603357NK5QEA12V"


def test_keys_name_nobody_and_no_user_reaches_into_anothers() -> None:
    key = ids.image_key("alice@example.com", a_ulid(), "full.webp")

    assert "alice" not in key
    assert key.startswith("p/")
    assert key.endswith(f"/{a_ulid()}/full.webp")
    assert key != ids.image_key("bob@example.com", a_ulid(), "full.webp")


@given(ULIDS)
def test_every_ulid_is_one(ulid: str) -> None:
    assert ids.is_ulid(ulid)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 25, "0" * 27, "8" + "0" * 25, "I" + "0" * 25, "0" * 25 + "U", "0" * 25 + "l",
     "0" * 26 + "\n", "０" * 26],
)  # fmt: skip
def test_what_is_no_ulid(text: str) -> None:
    assert not ids.is_ulid(text)


@pytest.mark.parametrize("text", ["a", "A_-9", "x" * 64])
def test_what_is_a_chat_id(text: str) -> None:
    assert ids.is_chat_id(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a#b", "ü", "a\n", "a/b"])
def test_what_is_no_chat_id(text: str) -> None:
    assert not ids.is_chat_id(text)
