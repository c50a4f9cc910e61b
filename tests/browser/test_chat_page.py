"""The page in a real browser against the running stack: what people see, from asking to picture."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    complaints,
    expect_level,
    expect_picture,
    last_answer,
    say,
    shifts,
    skeleton,
    wait_for_glides,
    watch_shifts,
)
from tests.local_stack.testing import RunningStack
from tests.support.stored import use_up

PAINTED_AT_ONCE = 4  # MaxPaintingPerUser's own


def test_every_tab_of_one_person_shows_skeleton_then_picture_without_reload(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=1500, image_ms=1500, script=[])
    first = sign_in(name, chat=chat)
    second = sign_in(name, chat=chat, beside=first)
    bob = sign_in(f"bob-of-{name}", chat=chat)
    for page in (first, second, bob):
        expect_level(page)
        page.evaluate("window.neverReloaded = true")

    say(first, "paint a sunset over the sea")

    for page in (first, second):  # the placeholder, while the model is still thinking
        expect(last_answer(page)).to_contain_text("Thinking…")
    for page in (first, second):
        expect(skeleton(page)).to_be_visible()
    for page in (first, second):
        expect_picture(page)
        assert page.evaluate("window.neverReloaded") is True
    expect(bob.locator(".message, .gallery li, #chats li")).to_have_count(0)


def test_the_limit_of_the_day_is_said_with_the_time_it_resets(
    stack: RunningStack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name)
    usage = page.locator("#usage")
    expect(usage).to_have_text(re.compile(r"^0 of \d+ pictures today$"))
    limit = int(usage.inner_text().split()[2])

    left = 2
    use_up(stack, name, limit - left)
    say(page, "paint four pictures of a boat")
    expect_picture(page, left)
    note = last_answer(page).locator(".note")
    expect(note).to_contain_text(f"{left} of 4 pictures were painted.")
    expect(note).to_contain_text("You have used all of today's pictures. Resets")
    expect(note.locator("time")).to_have_text(re.compile(r"\d\d:\d\d"))
    expect(last_answer(page).get_by_role("button", name="Try again")).to_have_count(0)
    expect(usage).to_have_text(f"{limit} of {limit} pictures today")
    say(page, "paint one sunset more")

    refusal = page.locator(".assistant.failed .note")
    expect(refusal).to_contain_text("Resets")
    expect(refusal.locator("time")).to_have_text(re.compile(r"\d\d:\d\d"))


def test_nothing_moves_from_placeholder_to_picture(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=700, image_ms=1500, drafts=1, script=[])
    page = sign_in(name)
    expect_level(page)
    watch_shifts(page)

    for count, subject in enumerate(("a sunset", "a fox", "a lighthouse"), start=1):
        say(page, f"paint {subject}")
        expect(skeleton(page)).to_be_visible()
        box = page.locator("#log .picture").last.bounding_box()
        say(page, f"And what do you think of {subject}?")  # sent and answered meanwhile
        expect_picture(page, count)
        expect(page.locator("#usage")).to_contain_text(f"{count} of")
        shape = page.locator("#log .picture").last.bounding_box()
        assert box is not None
        assert shape is not None
        was = (box["width"], box["height"])
        assert (shape["width"], shape["height"]) == pytest.approx(was, abs=0.1)

    assert shifts(page) == [0, []]
    # The observer does see what moves. Awaited inside the page: its policy forbids the `eval`
    # by which Playwright would poll.
    assert page.evaluate("""() => new Promise((seen) => {
        new PerformanceObserver(() => seen(true)).observe({ type: "layout-shift" });
        document.querySelector("#log").style.paddingTop = "100px";
    })""")


def test_nothing_moves_when_more_is_sent_while_the_first_is_thought_about(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=1_200, image_ms=600, drafts=1, script=[])
    page = sign_in(name)
    expect_level(page)
    for first in ("paint a sunset", "Hello!", "One\n\n\n\n\nor two"):
        page.get_by_role("button", name="New chat").click()
        expect(page.locator(".message")).to_have_count(0)
        more_is_sent_behind(page, first)


def more_is_sent_behind(page: Page, first: str) -> None:
    say(page, first)
    expect(last_answer(page)).to_contain_text("Thinking…")
    watch_shifts(page)

    for text in ("paint a fox", "And what else?"):
        say(page, text)
        expect(last_answer(page)).to_contain_text("Thinking…")
    expect(page.locator(".assistant.complete")).to_have_count(3)
    expect(page.locator(".user")).to_have_count(3)
    expect(page.locator("#log img.full.shown").last).to_be_attached()
    wait_for_glides(page)

    assert shifts(page) == [0, []]


def test_a_picture_that_waits_for_its_turn_says_so_and_moves_nothing(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    fox = {"on": "image", "match": "fox", "delay_ms": 15_000}  # while a boat is ordered
    stack.gemini(text_ms=20, image_ms=1_000, script=[fox] * PAINTED_AT_ONCE)
    page = sign_in(name)
    expect_level(page)
    for _ in range(PAINTED_AT_ONCE):
        say(page, "paint a fox")
    expect(page.locator(".assistant.generating")).to_have_count(PAINTED_AT_ONCE)
    watch_shifts(page)

    say(page, "paint a boat")

    expect(last_answer(page)).to_contain_text("Waiting for your other pictures…")
    expect(skeleton(page).last).to_be_visible()
    expect(last_answer(page)).to_contain_text("Painting…")
    expect_picture(page, PAINTED_AT_ONCE + 1)
    wait_for_glides(page)
    assert shifts(page) == [0, []]


def test_the_console_stays_clean(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=200, drafts=1, script=[])
    page = sign_in(name)
    say(page, "paint a sunset over the sea")
    expect_picture(page)
    expect(page.locator("#log img.full")).to_have_attribute("loading", "eager")  # it was waited for
    found = complaints(page)

    page.reload()  # signs in again by itself: load, redirect, snapshot
    expect_picture(page)
    expect(page.locator("#log img.full")).to_have_attribute("loading", "lazy")
    say(page, "paint a sunrise over the sea")
    expect_picture(page, 2)
    say(page, "Thank you!")
    expect(page.locator(".assistant.complete .text").last).to_have_text(re.compile(r"\S"))

    assert found == []


def test_a_message_is_answered_while_a_picture_is_painted(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=4_000, script=[])
    page = sign_in(name)
    say(page, "paint a sunset over the sea")
    expect(skeleton(page)).to_be_visible()

    say(page, "Hello, how are you?")

    expect(page.locator(".user .text").last).to_have_text("Hello, how are you?")
    answer = page.locator(".assistant.complete .text")
    expect(answer).to_have_text(re.compile(r"\S"))
    expect(skeleton(page)).to_be_visible()
    expect_picture(page)
    expect(page.locator(".message")).to_have_count(4)
    expect(page.locator("#chats li")).to_have_text(["paint a sunset over the sea"])
