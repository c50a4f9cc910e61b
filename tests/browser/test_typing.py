"""Keys in the fields of the page: input methods, a keyboard on the screen, and search."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from afterimage.domain.words import folded
from tests.browser.conftest import SignIn, Stack
from tests.browser.people import expect_level, expect_picture, say

# Enter that confirms a word: as Safari says it, after the composition; and as the others do.
CONFIRMING = [
    {"key": "Enter", "keyCode": 229, "isComposing": False},
    {"key": "Enter", "keyCode": 229, "isComposing": True},
    {"key": "Enter", "keyCode": 13, "isComposing": True},
]
SPELLINGS = [
    "Übung",
    "U\u0308BUNG",
    "Straße",
    "ｶﾞﾗｽ",
    "ガラス",
    "カラス",
    "Ὀδυσσεύς",
    "مُحَمَّد",
    "강",
    "किताब",
]


def press(field: Locator, key: dict[str, object]) -> bool:
    """Presses a key as an input method would; False if the page took it."""
    taken: bool = field.evaluate(
        """(field, key) => field.dispatchEvent(
            new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }))""",
        key,
    )
    return taken


@pytest.fixture
def phone(
    stack: Stack,
    new_context: Callable[..., BrowserContext],
    name: str,
    sign_in_with: Callable[..., Page],
) -> Page:
    size = {"width": 390, "height": 844}
    context = new_context(viewport=size, has_touch=True, is_mobile=True)
    return sign_in_with(context.new_page(), name)


def test_a_key_of_an_input_method_is_its_own(stack: Stack, sign_in: SignIn, name: str) -> None:
    """Enter that confirms a word does not send it, nor does it end the renaming of a chat."""
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    box = page.get_by_role("textbox", name="Message")
    expect(box).to_have_attribute("enterkeyhint", "send")
    box.fill("東京")
    for key in CONFIRMING:
        assert press(box, key), "the input method does not get its key"
        expect(box).to_have_value("東京")
        expect(page.locator(".user")).to_have_count(0)
    box.press("Enter")
    expect(page.locator(".user .text")).to_have_text("東京")
    expect(page.locator(".assistant.complete")).to_be_visible()
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.press("Enter")
    expect(page.locator(".user .text").last).to_have_text("one\ntwo")

    entry = page.locator("#chats li")
    entry.hover()
    entry.get_by_role("button", name="Rename").click()
    title = page.get_by_role("textbox", name="Title of the chat")
    title.fill("東京")
    saved: list[str | None] = []
    page.on("request", lambda r: saved.append(r.post_data) if r.method == "PATCH" else None)
    for key in (*CONFIRMING, {"key": "Escape", "keyCode": 229}):
        assert press(title, key), "the input method does not get its key"
        expect(title).to_be_visible()
    title.fill("東京の猫")
    title.press("Enter")
    expect(entry).to_have_text("東京の猫")
    assert [json.loads(body or "") for body in saved] == [{"title": "東京の猫"}]


def test_enter_on_a_phone_makes_a_new_line_and_the_button_sends(phone: Page) -> None:
    """And a keyboard beside a tablet sends with Control."""
    expect_level(phone)
    box = phone.get_by_role("textbox", name="Message")
    low = box.bounding_box()

    box.fill("one")
    box.press("Enter")
    box.press_sequentially("two")
    high = box.bounding_box()

    expect(box).to_have_value("one\ntwo")
    expect(box).to_have_attribute("enterkeyhint", "enter")
    expect(phone.locator(".user")).to_have_count(0)
    assert low
    assert high
    assert high["height"] > low["height"], "the second line is hidden"
    phone.get_by_role("button", name="Send").tap()
    expect(phone.locator(".user .text")).to_have_text("one\ntwo")
    expect(box).to_have_value("")
    box.fill("Hello")
    box.press("Control+Enter")
    expect(phone.locator(".user .text").last).to_have_text("Hello")


def test_the_page_and_the_server_take_the_same_words_for_the_same(page_of_stack: Page) -> None:
    here = page_of_stack.evaluate(
        """async (texts) => {
            const { folded } = await import("/static/elements.js");
            return texts.map(folded);
        }""",
        SPELLINGS,
    )

    assert here == [folded(text) for text in SPELLINGS]


def test_a_search_finds_what_was_written_in_another_normal_form(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name)
    say(page, "paint a Cafe\u0301 at night")
    expect_picture(page)
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("CAFÉ")
    expect(page.locator(".gallery li")).to_have_count(1)
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("tea")
    expect(page.locator(".gallery li")).to_have_count(0)
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("cafe")
    expect(page.locator(".gallery li")).to_have_count(1)

    say(page, "paint a café in the rain")  # one that comes while somebody searches

    expect(page.locator(".gallery li")).to_have_count(2)
