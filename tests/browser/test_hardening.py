"""Hostile texts show as themselves, and the page obeys its own policy."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import complaints, expect_picture, say

HOSTILE = {
    "markup": '<img src=x onerror="window.ran = true"><script>window.ran = true</script>',
    "code": "javascript:window.ran=true //{{config}} ${window.ran = true} &lt;b&gt;",
    "direction": "\u202egnp.tac\u202c\u2066\u202e\u2067 \u200f(:tixe",
    "marks": "Z" + "\u0351\u0489\u0316" * 200 + "algo",
    "emoji": "🦊" * 8_000,
}


def test_what_is_written_shows_as_itself(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name, chat=next(iter(HOSTILE)))
    found = complaints(page)
    written = page.locator(".user .text")

    for kind, text in HOSTILE.items():
        page.evaluate("chat => location.hash = chat", kind)
        expect(page.locator(".message")).to_have_count(0)
        say(page, text)
        expect(page.locator(".assistant.complete, .assistant.failed")).to_be_visible()

        assert written.evaluate("element => element.textContent") == text, kind
        link = page.locator("#chats li a").first
        assert link.evaluate("link => link.textContent") == text[:80], kind
        title = page.locator("#title")
        assert title.evaluate("title => title.textContent") == text[:80], kind
        assert page.evaluate("window.ran") is None, kind
        expect(page.locator("#log img")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
        assert found == []
        # Nothing of it leaves its own box, not even marks stacked high.
        assert written.evaluate("box => getComputedStyle(box).overflow") == "clip"

    say(page, "🦊" * 8_001)
    expect(page.locator("#notice")).to_have_text("8,001 of 8,000 characters")
    expect(page.locator(".message")).to_have_count(2)


def test_a_hostile_prompt_and_title_show_as_themselves_and_come_from_nowhere_else(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name)
    origins: set[str] = set()
    page.on("request", lambda request: origins.add("/".join(request.url.split("/")[:3])))
    page.reload()
    say(page, 'paint a sunset <img src=x onerror="window.ran = true">')
    expect_picture(page)

    page.locator(".tiles li button").click()
    expect(page.locator("#viewer .caption")).to_contain_text("<img src=x")
    page.keyboard.press("Escape")
    entry = page.locator("#chats li")
    entry.hover()
    entry.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Title of the chat").fill("<b>\u202ebold</b>")
    page.keyboard.press("Enter")
    expect(entry).to_have_text("<b>\u202ebold</b>")
    entry.get_by_role("button", name="Delete").click()

    expect(page.locator("#undone")).to_contain_text("<b>\u202ebold</b>")
    expect(
        page.locator("#log img, #chats img, #viewer .caption img, #undone img, b")
    ).to_have_count(page.locator("#log img").count())
    assert page.evaluate("window.ran") is None
    assert {origin for origin in origins if origin.startswith("http")} == {stack.url}


def test_markup_from_anywhere_is_refused_by_the_policy(
    stack: Stack, new_context: Callable[[], BrowserContext]
) -> None:
    page = new_context().new_page()
    page.goto(stack.url)

    refused = page.evaluate("""() => {
        try { document.body.innerHTML += "<b>markup</b>"; }
        catch (error) { return error.name; }
    }""")
    page.evaluate("""() => {
        try {
            const script = document.createElement("script");
            script.append("window.ran = true");
            document.body.append(script);
        } catch {}
        try { document.body.setAttribute("onclick", "window.ran = true"); } catch {}
        document.body.click();
    }""")

    assert refused == "TypeError"
    assert page.evaluate("window.ran") is None
