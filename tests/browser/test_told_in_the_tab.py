"""The tab's title and the list of chats say what is worked on, and what is ready."""

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import Held, expect_level, say


def test_work_and_its_end_are_told_where_nobody_looks(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    expect_level(page)
    expect(page).to_have_title("Afterimage")
    held = Held(page, "**/chats/*/messages")
    say(page, "Hello, how are you?")
    first = page.url
    page.get_by_role("button", name="New chat").click()
    held.first().continue_()
    held.let_go()

    entry = page.locator("#chats li").filter(has_text="Hello")
    expect(entry.get_by_role("img", name="Ready")).to_be_visible()
    expect(page).to_have_title("✓ Afterimage")
    entry.get_by_role("link").click()

    assert page.url == first
    expect(entry.get_by_role("img")).to_have_count(0)
    expect(page).to_have_title("Afterimage")

    # What is looked at is told as work only,
    stack.gemini(image_ms=60_000)
    say(page, "paint a fox")
    expect(page).to_have_title("… Afterimage")
    expect(page.get_by_role("img", name="Working")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".assistant.cancelled")).to_be_visible()
    expect(page).to_have_title("Afterimage")
    expect(page.locator(".work[role]")).to_have_count(0)

    # and a tab in the background says that it is ready.
    page.evaluate("document.hasFocus = () => false")
    say(page, "Hello again!")
    expect(page).to_have_title("✓ Afterimage")
    page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))")
    expect(page).to_have_title("Afterimage")
