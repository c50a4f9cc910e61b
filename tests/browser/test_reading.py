"""Words as they are written: who reads is left in peace."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    expect_level,
    last_answer,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
    with_motion,
)
from tests.browser.test_accessibility import expect_no_violations
from tests.local_stack.testing import RunningStack
from tests.support.painting import wait_until_nobody_answers


@pytest.fixture
def writing(stack: Stack) -> Iterator[Stack]:
    """A model that writes thirty words a second."""
    stack.gemini(text_ms=20, words_a_second=30, script=[])
    yield stack
    stack.gemini(words_a_second=0)


def ask_for(page: Page, words: int) -> None:
    say(page, f"tell me a story in {words} words {uuid.uuid4().hex}")


def answer(page: Page) -> Locator:
    return last_answer(page).locator(".text")


def expect_words(page: Page, count: int) -> None:
    """So many have come of the last answer."""
    for _ in range(200):
        if len((answer(page).text_content() or "").split()) >= count:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"fewer than {count} words: {answer(page).text_content()}")


def top(page: Page) -> float:
    return float(page.locator("#log").evaluate("log => log.scrollTop"))


def test_the_beginning_of_a_long_answer_stays_in_view_and_nothing_moves(
    writing: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name, chat=chat)
    other = sign_in(name, chat=chat, beside=page)
    for tab in (page, other):
        tab.set_viewport_size({"width": 390, "height": 700})
        expect_level(tab)
    page.evaluate("""() => {
        window.heard = [];
        new MutationObserver(() => window.heard.push(announcer.textContent))
            .observe(announcer, { childList: true });
    }""")

    ask_for(page, 300)
    for tab in (page, other):
        watch_shifts(tab)  # from here on: while it is written, the composer may grow

    for words in (20, 60, 120, 180, 240):
        expect_words(page, words)
        beginning = answer(page).evaluate(
            """text => text.getBoundingClientRect().top
                - text.closest("#log").getBoundingClientRect().top"""
        )
        assert 0 <= beginning < 600, words
        if words == 120:
            expect_no_violations(page, "an answer that is being written")
            expect(last_answer(page)).to_contain_text("Writing…")
            assert (
                answer(page).evaluate(
                    "text => text.closest('[aria-live], [role=log], [role=status]')"
                )
                is None
            )
            assert page.evaluate("window.heard") == []
    expect(page.locator(".assistant.complete")).to_be_visible()
    for tab in (page, other):
        wait_for_glides(tab)
        assert len((answer(tab).text_content() or "").split()) == 300
        assert shifts(tab) == [0, []]
    assert page.evaluate("window.heard") == ["The answer is complete."]


def test_who_has_gone_up_stays_there_until_the_button_is_pressed(
    writing: Stack, sign_in: SignIn, name: str
) -> None:
    page = sign_in(name)
    with_motion(page)
    page.set_viewport_size({"width": 390, "height": 700})
    expect_level(page)
    say(page, "Hello!" + "\n" * 24 + "How are you?")
    expect(page.locator(".assistant.complete")).to_be_visible()
    ask_for(page, 400)
    expect_words(page, 15)

    page.locator("#log").evaluate("log => log.scrollBy(0, -200)")
    place = top(page)
    expect_words(page, 90)
    assert top(page) == place
    page.get_by_role("button", name="Latest").click()

    expect(page.locator("#to-end")).to_be_hidden()
    for words in (200, 300):
        expect_words(page, words)
        wait_for_glides(page)
        below = page.locator("#log ol").evaluate(
            """list => list.getBoundingClientRect().bottom
                - list.parentElement.getBoundingClientRect().bottom"""
        )
        assert below < 40
    assert top(page) > place + 400
    page.locator("#log").evaluate("log => log.scrollBy(0, -200)")
    place = top(page)
    expect(page.locator(".assistant.complete")).to_have_count(2)
    assert top(page) == place


def test_a_cancelled_answer_keeps_its_words_in_every_tab(
    stack: RunningStack, writing: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name, chat=chat)
    other = sign_in(name, chat=chat, beside=page)
    expect_level(other)
    ask_for(page, 200)
    expect_words(page, 20)

    page.get_by_role("button", name="Cancel").press("Enter")

    for tab in (page, other):
        expect(tab.locator(".assistant.cancelled .note")).to_have_text("Cancelled.")
        expect(answer(tab)).to_contain_text("Once a lamp on a quiet harbour wall")
    wait_until_nobody_answers(stack)
    page.reload()
    expect(answer(page)).to_contain_text("Once a lamp on a quiet harbour wall")
    expect(page.locator(".user .text")).to_contain_text("tell me a story")


def test_a_reload_in_mid_answer_begins_with_its_first_word(
    writing: Stack, sign_in: SignIn, name: str
) -> None:
    """And words that are marked stay marked while more come."""
    page = sign_in(name)
    ask_for(page, 200)
    expect_words(page, 10)
    answer(page).evaluate(
        """text => {
            window.marked = text.firstChild.firstChild;
            getSelection().setBaseAndExtent(marked, 0, marked, 11);
        }"""
    )
    expect_words(page, 40)
    assert page.evaluate("getSelection().toString()") == "Once a lamp"
    assert answer(page).evaluate("text => text.firstChild.firstChild === window.marked")

    page.reload()

    expect(last_answer(page)).to_contain_text("Writing…")
    expect_words(page, 41)
    assert (answer(page).text_content() or "").startswith("Once a lamp on a quiet harbour wall")
    expect(page.locator(".assistant.complete")).to_be_visible()
    assert len((answer(page).text_content() or "").split()) == 200
