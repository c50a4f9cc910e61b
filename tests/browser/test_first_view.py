"""What the first view does without comes later, and works at once all the same."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import Held, expect_level, expect_picture, say

MOST_REQUESTS = 14


def test_the_first_view_is_few_requests(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").wait_for()

    own = [url for url in asked if url.startswith(stack.url) and "/dev/" not in url]
    assert len(own) <= MOST_REQUESTS
    assert len(set(own)) == len(own)

    page.goto("about:blank")
    page.goto(stack.url)

    sent = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(({ transferSize }) => transferSize > 0).map(({ name }) => name)"
    )
    assert sent == []


def test_a_press_waits_for_what_is_not_there_yet(stack: Stack, sign_in: SignIn, name: str) -> None:
    """What cannot be loaded is said, and asked for again."""
    stack.gemini(text_ms=20, image_ms=50, script=[])
    held: list[Held] = []

    def hold(tab: Page) -> None:
        held.extend(Held(tab, f"**/{part}.js") for part in ("viewer", "selection"))

    page = sign_in(name, prepare=hold)
    viewer, selection = held
    say(page, "paint a sunset over the sea")
    expect_picture(page)
    picture = page.get_by_role("button", name=re.compile("Open large"))

    picture.press("Enter")
    viewer.first().abort()
    expect(page.locator("#notice")).to_contain_text("could not be loaded")
    picture.press("Enter")
    expect(page.locator("#viewer")).to_be_hidden()
    viewer.first().continue_()
    expect(page.locator("#viewer img.full.shown")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select").click()
    page.locator(".gallery li button").click()
    selection.first().continue_()
    expect(page.locator(".selection [role=status]")).to_have_text("1 selected")
    expect(page.locator("#viewer")).to_be_hidden()


def test_everything_is_there_once_nothing_else_is_to_do(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    expect_level(page)

    page.wait_for_load_state("networkidle")

    loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert any(url.endswith("/viewer.js") for url in loaded)
