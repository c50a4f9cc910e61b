"""What people do with an answer, a picture and a chat once it is there, state by state.

For `screenshots.py`, in every language: so elements are found by what they are, not by their words.
"""

import re
from collections.abc import Iterator

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import last_answer
from tests.browser.test_markdown import NESTED, STEPS, TABLE, open_chat
from tests.local_stack.testing import RunningStack


def states_of_habits(stack: RunningStack, page: Page, *, is_phone: bool) -> Iterator[str]:
    """Brings a page of somebody who is new from state to state; each is named when it is there."""
    stack.gemini(text_ms=50, image_ms=200, drafts=0, script=[])
    _say(page, "Paint a lighthouse in a storm, as a woodcut")
    expect(page.locator("#log img.full.shown")).to_be_visible()
    own = page.url.partition("#")[2]
    yield from _shared(page, is_phone=is_phone)
    yield from _versions(page)
    open_chat(page, "markdown", STEPS, f"{NESTED}\n\n{TABLE}")
    expect(page.locator("#log table")).to_be_visible()
    yield "markdown"
    page.evaluate("chat => { location.hash = chat; }", own)
    yield from _found(page, is_phone=is_phone)
    _menu(page, is_phone=is_phone)
    yield "menu"
    if is_phone:
        page.keyboard.press("Escape")
    else:  # a phone has no keys
        page.locator("#shortcuts").click()
        expect(page.locator("#keys")).to_be_visible()
        yield "shortcuts"
    page.keyboard.press("Escape")
    page.locator("#log .picture > button").first.press("Enter")
    page.locator("#viewer .danger").click()
    expect(page.locator("#undone")).to_be_visible()
    yield "undo"
    page.locator("#undone button").click()
    _say(page, "\n".join(f"This is line {line} of a long question." for line in range(1, 30)))
    expect(last_answer(page)).to_have_class(re.compile("complete"))
    yield "folded"


def _say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#composer .primary").click()


def _icon(place: Page | Locator, name: str) -> Locator:
    return place.locator(f"button:has([href='#icon-{name}'])")


def _menu(page: Page, *, is_phone: bool) -> None:
    if is_phone:
        page.locator("[popovertarget=side]").click()
    page.locator("#account-button").click()


def _shared(page: Page, *, is_phone: bool) -> Iterator[str]:
    """A link to a picture, all links, and what somebody sees who has one."""
    _icon(page.locator("#log"), "share").click()
    sheet = page.locator(".sheet")
    expect(sheet).to_be_visible()
    yield "share"
    sheet.locator("[type=checkbox]").check()
    sheet.locator(".primary").click()
    link = sheet.locator(".link input")
    expect(link).to_have_value(re.compile("/s/"))
    yield "shared"
    url = link.input_value()
    page.keyboard.press("Escape")
    _menu(page, is_phone=is_phone)
    page.locator("#shared-links").click()
    expect(page.locator(".shared li")).to_have_count(1)
    yield "all-links"
    page.keyboard.press("Escape")
    back = page.url
    page.goto(url)
    yield "page-of-a-link"
    page.goto(back)
    expect(page.locator("#log img.full.shown")).to_be_visible()


def _versions(page: Page) -> Iterator[str]:
    """A question that is being changed, and an answer with another version."""
    _say(page, "Hello, what can you do?")
    expect(last_answer(page)).to_have_class(re.compile("complete"))
    page.locator("#log .user").last.hover()
    yield "tools-of-a-question"
    page.locator("#log .change").last.click()
    yield "changing"
    _say(page, "Hello, what else can you do?")
    expect(last_answer(page).locator(".versions")).to_be_visible()
    expect(last_answer(page)).to_have_class(re.compile("complete"))
    yield "versions"


def _found(page: Page, *, is_phone: bool) -> Iterator[str]:
    """What is found in all chats, and what is found nowhere."""
    if is_phone:
        page.locator("[popovertarget=side]").click()
    page.locator("#chats li").first.hover()
    yield "chats"
    page.locator("#search").fill("hello")
    expect(page.locator("#found a").first).to_be_visible()
    yield "found"
    page.locator("#search").fill("nowhere to be found")
    expect(page.locator("#found a")).to_have_count(0)
    yield "found-nothing"
    page.locator("#search").fill("")
    if is_phone:
        page.keyboard.press("Escape")
