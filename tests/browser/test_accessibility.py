"""Every state of the page under axe-core, in both themes, at both widths."""

import re
import uuid
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    expect_level,
    expect_picture,
    last_answer,
    say,
    skeleton,
)

AXE = Axe()
OF_COLOURS = ["color-contrast", "link-in-text-block"]
MOVING = """document.getAnimations().filter(
    ({ effect }) => effect.getComputedTiming().duration > 1).length"""


def expect_no_violations(page: Page, state: str, **options: object) -> None:
    # axe's own script is the test's, not the page's: the policy does not hold for it.
    found = AXE.run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    told = [f"{v['id']}: {[n['html'][:160] for n in v['nodes']]}" for v in found]
    assert told == [], state


def expect_none_in_either_theme(page: Page, state: str) -> None:
    """All rules in the one, those about colours in the other: nothing else differs."""
    page.emulate_media(color_scheme="light")
    expect_no_violations(page, state)
    page.emulate_media(color_scheme="dark")
    expect_no_violations(page, f"{state}, dark", runOnly={"type": "rule", "values": OF_COLOURS})


@pytest.mark.parametrize("width", [360, 1280])
def test_no_state_has_a_violation(stack: Stack, sign_in: SignIn, name: str, width: int) -> None:
    word = f"w{uuid.uuid4().hex[:8]}"
    refusal = {"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}
    stack.gemini(text_ms=20, image_ms=3_000, drafts=1, script=[refusal])
    page = sign_in(name)
    page.set_viewport_size({"width": width, "height": 800})
    expect_level(page)
    expect_none_in_either_theme(page, "a new chat")

    say(page, "paint a sunset over the sea")
    expect(skeleton(page)).to_be_visible()
    assert page.evaluate(MOVING) == 0  # the browsers of these tests want no motion
    expect_none_in_either_theme(page, "painting")
    if width == 1280:
        expect_picture(page)
    expect(page.locator("#log img.full.shown")).to_be_visible()
    say(page, "Hello, how are you?")
    say(page, f"paint {word}")
    expect(page.locator(".failed")).to_be_visible()
    expect_none_in_either_theme(page, "a picture, a text and a failure")
    stack.gemini(text_ms=20, image_ms=60_000, script=[])
    say(page, "paint a fox")
    page.get_by_role("button", name="Cancel").click()
    expect(last_answer(page)).to_contain_text("Cancelled.")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("Offline")
    expect_none_in_either_theme(page, "cancelled, and offline")
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_empty()

    page.get_by_role("button", name=re.compile("Open large")).press("Enter")
    expect_none_in_either_theme(page, "a picture, large")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/pictures'")
    page.get_by_role("button", name="Select").click()
    page.locator(".tiles li button").first.click()
    expect_none_in_either_theme(page, "pictures chosen")
    page.locator(".selection").get_by_role("button", name="Delete").click()
    expect_none_in_either_theme(page, "a question")
    page.keyboard.press("Escape")
    if width == 360:
        page.get_by_role("link", name="Back to the chat").click()
        page.get_by_role("button", name="Chats and account").click()
        expect_none_in_either_theme(page, "the list of chats")
    page.locator("#chats li").hover()
    page.get_by_role("button", name="Rename").click()
    expect_none_in_either_theme(page, "a title being written")
    page.keyboard.press("Escape")
    page.locator("#account-button").click()
    expect_none_in_either_theme(page, "the account")


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_what_opens_over_a_narrow_page_has_no_violation_in_either_theme(
    stack: Stack, new_context: Callable[..., BrowserContext], name: str, locale: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = new_context(locale).new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(stack.url)
    page.locator("#sign-in").click()
    page.get_by_role("textbox").fill(name)
    page.keyboard.press("Enter")
    expect_level(page)

    def looked_at(state: str) -> None:
        expect_none_in_either_theme(page, state)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state

    def press(icon: str) -> None:
        last_answer(page).locator(f"button:has([href='#icon-{icon}'])").click()

    def menu(item: str) -> None:
        page.locator("[popovertarget=side]").click()
        page.locator("#account-button").click()
        page.locator(item).click()

    box = page.locator("#text")
    box.fill("paint a fox")
    box.press("Enter")
    press("again")
    expect(last_answer(page).locator(".versions")).to_have_text("2 / 2")
    expect(last_answer(page).locator("img.full.shown")).to_be_visible()
    looked_at("a version")
    press("share")
    page.locator(".sheet .primary").click()
    expect(page.locator(".sheet .link input")).to_have_value(re.compile("/s/"))
    looked_at("a link")
    page.keyboard.press("Escape")
    menu("#shared-links")
    expect(page.locator(".shared li")).to_have_count(1)
    looked_at("all links")
    page.keyboard.press("Escape")
    menu("#shortcuts")
    expect(page.locator("#keys")).to_be_visible()
    looked_at("the sheet of keys")
    page.keyboard.press("Escape")
    page.locator("[popovertarget=side]").click()
    page.locator("#search").fill("fox")
    expect(page.locator("#found a").first).to_be_visible()
    looked_at("what was found")
    page.locator("#found a").first.click()
    page.get_by_role("button", name=re.compile("Open large|Groß öffnen")).press("Enter")
    page.locator("#viewer .danger").click()
    expect(page.locator("#undone")).to_be_visible()
    looked_at("what can be undone")


def test_the_page_signed_out_has_no_violation(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").wait_for()
    expect_none_in_either_theme(page, "signed out")


def test_nothing_is_wider_than_the_page_and_all_of_it_is_reached(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name, chat=chat)
    page.set_viewport_size({"width": 320, "height": 640})
    say(page, f"paint a sunset {'x' * 300}")
    expect(page.locator("#log img.full.shown")).to_be_visible()

    for width in (320, 360, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 640})
        rows = expect_within(page.locator("#log .foot .actions button"), 6, width)
        assert len(rows) == 1, width
        expect_within(page.locator("#composer select"), 4, width)
        for route in ("/pictures", chat):
            page.evaluate("route => location.hash = route", route)
            is_gallery = page.locator("body.shows-pictures")
            expect(is_gallery).to_have_count(int(route == "/pictures"))
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.set_viewport_size({"width": 640, "height": 400})  # as 1280 x 800 are at 200 %
    page.get_by_role("button", name="Chats and account").click()
    page.locator("#account-button").click()
    expect(page.locator("#told")).to_be_visible()
    for part in page.locator("#account :is(label, button)").all():
        part.scroll_into_view_if_needed()
        expect(part).to_be_in_viewport(ratio=1)


def expect_within(ones: Locator, count: int, width: int) -> set[float]:
    """There are so many, none of them outside of the page; where their rows are."""
    expect(ones).to_have_count(count)
    boxes = [box for one in ones.all() if (box := one.bounding_box())]
    assert len(boxes) == count, width
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), width
    return {box["y"] for box in boxes}
