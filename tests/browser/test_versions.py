"""Changing what one said: a question asked anew, its versions, and its end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    expect_level,
    expect_picture,
    last_answer,
    posts_of,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)
from tests.local_stack.testing import RunningStack
from tests.support.painting import wait_until_nobody_answers

FIRST, SECOND = "hello from the first", "hello from the second"


@pytest.fixture(autouse=True)
def quick(stack: Stack) -> None:
    stack.gemini(text_ms=20, image_ms=200, script=[])


def answered(page: Page, text: str) -> None:
    """This question stands last, and its answer is there."""
    expect(page.locator("#log .user .text").last).to_have_text(text)
    expect(last_answer(page)).to_have_class("message assistant complete text")


def asked(page: Page, text: str) -> None:
    say(page, text)
    answered(page, text)


def change(page: Page) -> None:
    page.locator("#log .user").last.hover()
    page.get_by_role("button", name="Change this question").last.click()


def step(page: Page, name: str) -> None:
    last_answer(page).get_by_role("button", name=name).click()


def expect_version(page: Page, place: str) -> None:
    expect(last_answer(page).locator(".versions")).to_have_text(place)


def test_the_last_question_is_changed_in_its_place(sign_in: SignIn, name: str, chat: str) -> None:
    page = sign_in(name, chat=chat)
    expect_level(page)
    asked(page, FIRST)
    other = sign_in(name, chat=chat, beside=page)
    watch_shifts(page)

    change(page)
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_value(FIRST)
    box.fill(SECOND)
    box.press("Enter")

    for tab in (page, other):
        answered(tab, SECOND)
        expect(tab.locator("#log .message")).to_have_count(2)
        expect_version(tab, "2 / 2")
    second = page.locator("#log .user").last.get_attribute("data-id")
    step(page, "Previous version")
    for tab in (page, other):
        answered(tab, FIRST)
        expect_version(tab, "1 / 2")
    expect(page.locator("[data-step=back]")).to_be_focused()
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    page.reload()
    answered(page, FIRST)
    expect_version(page, "1 / 2")
    # A version that somebody is led to is shown, and does not stand.
    page.evaluate("([chat, id]) => { location.hash = `${chat}/${id}`; }", [chat, second])
    answered(page, SECOND)
    expect_version(page, "2 / 2")
    answered(sign_in(name, chat=chat, beside=page), FIRST)
    page.evaluate("chat => { location.hash = chat; }", chat)
    asked(page, "and what now?")
    expect(page.locator("#log .message")).to_have_count(4)


def test_an_answer_is_asked_for_once_more(stack: Stack, sign_in: SignIn, name: str) -> None:
    """Up from an empty line changes the last question. One that fails leaves the answer before it,
    and can be tried again."""
    page = sign_in(name)
    asked(page, FIRST)
    box = page.get_by_role("textbox", name="Message")
    box.press("ArrowUp")
    expect(box).to_have_value(FIRST)
    expect(page.locator("#notice")).to_contain_text("You are changing your last question.")
    box.press("Escape")
    expect(box).to_have_value("")
    box.fill("something else")
    box.press("ArrowUp")
    expect(box).to_have_value("something else")
    change(page)
    expect(box).to_have_value(FIRST)
    page.locator("#notice").get_by_role("button", name="Cancel").click()
    expect(box).to_have_value("something else")

    asked(page, SECOND)
    posted = posts_of(page)
    wait_for_glides(page)
    watch_shifts(page)
    expect(page.get_by_role("button", name="Answer again")).to_have_count(1)
    page.get_by_role("button", name="Answer again").click()
    expect_version(page, "2 / 2")
    answered(page, SECOND)
    expect(page.locator("#log .message")).to_have_count(4)
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    assert [body["text"] for body in posted] == [SECOND]
    assert posted[0]["replaces"]

    stack.gemini(script=[{"on": "text", "status": 403}])
    page.get_by_role("button", name="Answer again").click()
    expect(page.locator("#notice")).to_contain_text("The answer before it stays.")
    expect_version(page, "2 / 3")
    step(page, "Next version")
    expect_version(page, "3 / 3")
    stack.gemini(script=[])
    page.get_by_role("button", name="Try again").click()
    answered(page, SECOND)
    expect_version(page, "3 / 3")
    page.reload()
    expect_version(page, "3 / 3")


def test_a_changed_question_keeps_its_pictures_and_choices(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    say(page, "paint a boat")
    expect_picture(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.locator("#shape").select_option("16:9")
    page.locator("#number").select_option("2")
    say(page, "paint it at night")
    expect(last_answer(page).locator("img.full")).to_have_count(2)
    posted = posts_of(page)

    change(page)
    expect(page.locator("#attachments li")).to_have_count(1)
    expect(page.locator("#shape")).to_have_value("16:9")
    expect(page.locator("#number")).to_have_value("2")
    say(page, "paint it at dawn")

    expect_version(page, "2 / 2")
    (body,) = posted
    assert len(body["image_ids"]) == 1
    assert (body["count"], body["aspect_ratio"]) == (2, "16:9")
    expect(page.locator("#attachments li")).to_have_count(0)


def test_words_of_a_cancelled_version_stay_where_they_are(
    stack: RunningStack, sign_in: SignIn, name: str
) -> None:
    page = sign_in(name)
    asked(page, FIRST)
    stack.gemini(words_a_second=4)
    page.get_by_role("button", name="Answer again").click()
    expect(last_answer(page).locator(".text")).not_to_be_empty()
    expect_version(page, "2 / 2")

    page.get_by_role("button", name="Cancel").click()

    expect(last_answer(page)).to_contain_text("Cancelled.")
    expect_version(page, "2 / 2")
    stack.gemini(words_a_second=0)
    wait_until_nobody_answers(stack)
    page.reload()
    expect_version(page, "2 / 2")


def test_a_question_is_deleted_with_its_answer_in_every_tab(
    sign_in: SignIn, name: str, chat: str
) -> None:
    """One that was asked meanwhile wins, and the words of who changed the one before are kept."""
    page = sign_in(name, chat=chat)
    asked(page, FIRST)
    change(page)
    other = sign_in(name, chat=chat, beside=page)
    asked(other, "from elsewhere")
    answered(page, "from elsewhere")
    say(page, SECOND)
    box = page.get_by_role("textbox", name="Message")
    expect(page.locator("#notice")).to_contain_text("this is not it any more")
    expect(box).to_have_value(SECOND)
    expect(page.locator("#log .user .text")).to_have_text([FIRST, "from elsewhere"])
    box.fill("")

    say(other, "paint a castle")
    expect_picture(other)
    other.get_by_role("button", name="Another one").click()
    expect_version(other, "2 / 2")
    expect(page.locator("#log .message")).to_have_count(6)
    other.locator("#log .user").last.hover()
    other.get_by_role("button", name="Delete this question").last.click()
    other.locator("#question").get_by_role("button", name="Delete").click()
    for tab in (page, other):
        expect(tab.locator("#log .user .text")).to_have_text([FIRST, "from elsewhere"])
        expect(tab.locator(".gallery li")).to_have_count(0)
    change(other)
    expect(other.get_by_role("textbox", name="Message")).to_have_value("from elsewhere")
