"""Keys, the sheet that names them, and what stands where there is no room or no sign-in."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import Held, expect_level, expect_picture, say
from tests.browser.test_accessibility import expect_no_violations


def test_keys_do_what_the_sheet_says(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    held: list[Held] = []
    page = sign_in(name, prepare=lambda tab: held.append(Held(tab, "**/shortcuts.js")))
    say(page, "paint a fox")
    expect_picture(page)
    page.locator("#log").focus()

    page.keyboard.press("?")
    held[0].first().continue_()  # the first key waits for what it does
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    expect_no_violations(page, "the sheet of keys")
    page.keyboard.press("n")  # the sheet is open: it belongs to it
    page.keyboard.press("Escape")
    expect(page.locator(".message")).to_have_count(2)
    page.keyboard.press("g")
    expect(page.locator("body.shows-pictures")).to_be_attached()
    page.keyboard.press("g")
    expect(page.locator(".message")).to_have_count(2)
    page.get_by_role("button", name=re.compile("Open large")).press("Enter")
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(page.locator(".tiles li")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".tiles li")).to_have_count(1)
    page.keyboard.press("/")
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_be_focused()
    box.press_sequentially("n?g/")  # words are words
    expect(box).to_have_value("n?g/")
    page.locator("#log").focus()
    page.keyboard.press("n")

    expect(page.locator(".message")).to_have_count(0)

    page.locator("#account-button").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Keys without Ctrl").uncheck()
    page.keyboard.press("Escape")
    page.locator("#log").focus()
    page.keyboard.press("g")
    assert not page.url.endswith("#/pictures")


def test_who_is_signed_out_is_told_so(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    expect_level(page)
    error = {"code": "unauthorized", "message": "No.", "retry_after": None}
    page.route("**/realtime/**", lambda one: one.fulfill(status=401, json={"error": error}))

    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.evaluate("window.dispatchEvent(new Event('online'))")

    expect(page.locator("#connection")).to_have_text("Signed out")
