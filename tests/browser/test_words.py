"""A text is read while it is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    PATIENCE_MS,
    expect_level,
    last_answer,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)


@pytest.fixture
def writing(stack: Stack) -> Iterator[Stack]:
    """A model that writes forty words a second."""
    stack.gemini(text_ms=300, words_a_second=40, script=[])
    yield stack
    stack.gemini(words_a_second=0)


def test_a_bubble_grows_with_its_words_and_moves_nothing(
    writing: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name, chat=chat)
    expect_level(page)
    watch_shifts(page)

    say(page, "tell me a story in 150 words")

    answer = last_answer(page)
    expect(answer.locator(".text")).to_contain_text("Once a lamp", timeout=PATIENCE_MS)
    assert "thinking" in (answer.get_attribute("class") or "")
    assert answer.locator("[aria-live], [role=status], [role=log]").count() == 0
    expect(answer).to_have_class("message assistant complete text", timeout=PATIENCE_MS)
    assert len(answer.locator(".text").inner_text().split()) == 150
    wait_for_glides(page)
    assert shifts(page) == [0, []]


def test_a_cancelled_answer_keeps_what_was_read(
    writing: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name, chat=chat)
    expect_level(page)
    say(page, f"tell me a story in 800 words {uuid.uuid4().hex}")
    answer = last_answer(page)
    expect(answer.locator(".text")).to_contain_text("Once a lamp", timeout=PATIENCE_MS)

    answer.get_by_role("button", name="Cancel").click()

    expect(answer.locator(".note")).to_have_text("Cancelled.", timeout=PATIENCE_MS)
    expect(answer.locator(".text")).to_contain_text("Once a lamp")
    page.wait_for_timeout(3_000)  # what is written to the row comes within two seconds
    page.reload()
    expect(last_answer(page).locator(".text")).to_contain_text("Once a lamp", timeout=PATIENCE_MS)
