"""The interface in German: everything somebody meets from the welcome to an error."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Stack
from tests.browser.people import expect_level, last_answer, shifts, watch_shifts
from tests.browser.test_accessibility import expect_no_violations

# Words that only the English interface has.
ENGLISH = re.compile(
    r"\b(the|your|picture|pictures|today|download|delete|another|thinking|painting|rename|search|"
    r"shape|size|number|copy|edit|select|sign|account|back|send|cancel)\b",
    re.IGNORECASE,
)
SAID = """() => {
    const said = [...document.querySelectorAll("[aria-label], [title], [placeholder]")]
        .flatMap((one) => ["aria-label", "title", "placeholder"]
            .map((name) => one.getAttribute(name)));
    const texts = [...document.querySelectorAll("body *")].flatMap((one) => [...one.childNodes])
        .filter(({ nodeType, parentElement }) => nodeType === 3
            && !parentElement.closest("noscript, .text, #title, #chats a, .caption, svg"))
        .map(({ data }) => data.trim());
    return [...said, ...texts].filter(Boolean);
}"""


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context("de-CH").new_page()


def expect_german(page: Page, state: str, *own: str) -> None:
    """Nothing of it is English, but what somebody wrote."""
    said = {text for text in page.evaluate(SAID) if text not in own}
    assert [text for text in said if ENGLISH.search(text)] == [], state
    expect_no_violations(page, state)


def test_from_the_welcome_to_an_error(stack: Stack, page: Page, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page.goto(stack.url)
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    expect_german(page, "welcome")

    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("textbox").fill(name)
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Nachricht")
    expect_level(page)
    expect(page.locator("#usage")).to_have_text(re.compile(r"^0 von \d+ Bildern heute$"))
    expect_german(page, "a new chat")

    wish = "paint a fox"
    box.fill(wish)
    box.press("Enter")
    answer = last_answer(page)
    expect(answer.get_by_role("button", name="Noch eins")).to_be_visible()
    prompt = page.locator("#log .picture").get_attribute("title") or ""
    own = (wish, prompt, f"Groß öffnen: {prompt}", name)
    expect_german(page, "a picture", *own)

    answer.get_by_role("button", name="Groß öffnen").press("Enter")
    expect_german(page, "a picture, large", *own)
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/pictures'")
    page.get_by_role("button", name="Auswählen").click()
    page.locator(".tiles li button").click()
    expect(page.locator(".selection")).to_contain_text("1 ausgewählt")
    expect_german(page, "the gallery", *own)
    page.locator(".selection").get_by_role("button", name="Löschen").click()
    expect(page.locator("#undone")).to_contain_text("Bild gelöscht.")
    expect_german(page, "a deletion", *own)
    page.get_by_role("button", name="Rückgängig").click()
    expect(page.locator(".tiles li")).to_have_count(1)

    page.go_back()
    stack.gemini(script=[{"on": "image", "finish_reason": "IMAGE_SAFETY"}])
    box.fill(wish)
    box.press("Enter")
    expect(last_answer(page)).to_contain_text("Das Modell hat diesen Wunsch abgelehnt.")
    expect_german(page, "an error", *own)


def test_the_words_come_without_a_shift_or_another_language_before(
    stack: Stack, page: Page
) -> None:
    held: list[Route] = []
    page.route("**/words.js", lambda route: held.append(route))  # noqa: PLW0108 - takes no builtin
    page.goto(stack.url, wait_until="commit")
    tagline = page.locator("#welcome p").first
    expect(tagline).to_be_attached()
    expect(tagline).to_be_hidden()
    watch_shifts(page)

    for route in held:
        route.continue_()

    expect(tagline).to_have_text(re.compile("^Ein Chat, der malt"))
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert shifts(page) == [0, []]


@pytest.mark.parametrize(
    ("locale", "sign_in"), [("fr-FR", "Sign in"), ("en-US", "Sign in"), ("de", "Anmelden")]
)
def test_a_browser_without_these_languages_is_spoken_to_in_english(
    stack: Stack, new_context: Callable[..., BrowserContext], locale: str, sign_in: str
) -> None:
    page = new_context(locale).new_page()

    page.goto(stack.url)

    expect(page.get_by_role("button", name=sign_in)).to_be_visible()


def test_without_javascript_the_page_reads_in_english(stack: Stack, browser: object) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()

    page.goto(stack.url)

    expect(page.get_by_text("A chat that paints.")).to_be_visible()
    context.close()
