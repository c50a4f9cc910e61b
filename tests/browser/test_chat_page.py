"""The page in a real browser against the running stack: what people see, from asking to picture."""

import re
import uuid

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import SignIn, Stack

PATIENCE_MS = 20_000  # how long a machine under load may take; no test measures time


@pytest.fixture
def name() -> str:
    return f"alice-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def chat() -> str:
    return f"chat-{uuid.uuid4().hex[:8]}"


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")


def skeleton(page: Page) -> Locator:
    return page.locator("#log .picture[aria-busy]")


def expect_picture(page: Page, count: int = 1) -> None:
    """The last of `count` pictures in the chat is there in full, and so is its gallery tile."""
    full = page.locator("#log img.full")
    expect(full).to_have_count(count, timeout=PATIENCE_MS)
    full.last.scroll_into_view_if_needed()
    tiles = page.locator(".gallery img")
    expect(tiles).to_have_count(count, timeout=PATIENCE_MS)
    for picture in (full.last, tiles.first):
        expect(picture).to_have_css("opacity", "1", timeout=PATIENCE_MS)
        assert picture.evaluate("img => img.naturalWidth") > 0


def test_every_tab_of_one_person_shows_skeleton_then_picture_without_reload(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=1500, image_ms=500, script=[])
    first = sign_in(name, chat=chat)
    second = sign_in(name, chat=chat, beside=first)
    bob = sign_in(f"bob-of-{name}", chat=chat)
    for page in (first, second, bob):
        expect(page.locator("#connection")).to_be_empty(timeout=PATIENCE_MS)
        page.evaluate("window.neverReloaded = true")

    say(first, "paint a sunset over the sea")

    for page in (first, second):  # the placeholder, while the model is still thinking
        expect(page.get_by_label("Thinking")).to_be_visible()
    for page in (first, second):
        expect(skeleton(page)).to_be_visible(timeout=PATIENCE_MS)
    for page in (first, second):
        expect_picture(page)
        assert page.evaluate("window.neverReloaded") is True
    expect(bob.locator(".message, .gallery img, #chats li")).to_have_count(0)


def test_a_text_reply_appears(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=50, script=[])
    page = sign_in(name)

    say(page, "Hello, how are you?")

    expect(page.locator(".user .text")).to_have_text("Hello, how are you?")
    expect(page.locator(".assistant.complete .text")).to_have_text(
        re.compile(r"\S"), timeout=PATIENCE_MS
    )
    expect(page.locator("#chats li")).to_have_text(["Hello, how are you?"])


def test_the_limit_of_the_day_is_said_with_the_time_it_resets(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name)
    usage = page.locator("#usage")
    expect(usage).to_have_text(re.compile(r"^0 of \d+ pictures today$"))
    limit = int(usage.inner_text().split()[2])

    for count in range(1, limit + 1):
        say(page, f"paint sunset number {count}")
        expect_picture(page, count)
        expect(usage).to_have_text(f"{count} of {limit} pictures today")
    say(page, "paint one sunset more")

    refusal = page.locator(".assistant.failed .note")
    expect(refusal).to_contain_text("Resets", timeout=PATIENCE_MS)
    expect(refusal.locator("time")).to_have_text(re.compile(r"\d\d:\d\d"))


def test_markup_is_shown_as_it_was_typed(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    markup = '<img src=x onerror="window.ran = true">'

    say(page, markup)

    expect(page.locator(".user .text")).to_have_text(markup)
    expect(page.locator("#chats li")).to_have_text([markup])
    expect(page.locator(".assistant.complete")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#log img")).to_have_count(0)
    assert page.evaluate("window.ran") is None


def test_a_picture_finished_while_offline_arrives_without_reload(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, image_ms=2000, script=[])
    laptop, phone = sign_in(name, chat=chat), sign_in(name, chat=chat)
    laptop.evaluate("window.neverReloaded = true")
    say(laptop, "paint a sunset over the sea")
    expect(skeleton(laptop)).to_be_visible(timeout=PATIENCE_MS)

    laptop.context.set_offline(True)
    expect(laptop.locator("#connection")).to_have_text("Reconnecting…")
    expect_picture(phone)
    expect(skeleton(laptop)).to_be_visible()
    laptop.context.set_offline(False)

    expect_picture(laptop)
    expect(laptop.locator("#connection")).to_be_empty(timeout=PATIENCE_MS)
    assert laptop.evaluate("window.neverReloaded") is True


def test_nothing_moves_from_skeleton_to_picture(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=1500, drafts=1, script=[])
    page = sign_in(name)
    say(page, "paint a sunset over the sea")
    expect(skeleton(page)).to_be_visible(timeout=PATIENCE_MS)
    box = page.locator("#log .picture").bounding_box()
    page.evaluate("""() => {
        const since = performance.now();
        window.shift = 0;
        new PerformanceObserver((list) => {
            for (const { startTime, value } of list.getEntries())
                if (startTime >= since) window.shift += value;
        }).observe({ type: "layout-shift", buffered: true });
    }""")

    expect_picture(page)
    expect(page.locator("#usage")).to_contain_text("1 of")

    assert page.locator("#log .picture").bounding_box() == box
    assert page.evaluate("window.shift") == 0
    # The observer does see what moves. Awaited inside the page: its policy forbids the `eval`
    # by which Playwright would poll.
    assert page.evaluate("""() => new Promise((seen) => {
        new PerformanceObserver(() => seen(true)).observe({ type: "layout-shift" });
        document.querySelector("#log ol").style.marginTop = "100px";
    })""")


def test_the_console_stays_clean(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=200, drafts=1, script=[])
    page = sign_in(name)
    say(page, "paint a sunset over the sea")
    expect_picture(page)
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.reload()  # signs in again by itself: load, redirect, snapshot
    expect_picture(page)
    say(page, "paint a sunrise over the sea")
    expect_picture(page, 2)
    say(page, "Thank you!")
    expect(page.locator(".assistant.complete .text").last).to_have_text(
        re.compile(r"\S"), timeout=PATIENCE_MS
    )

    assert complaints == []


def test_a_picture_that_fails_says_why(stack: Stack, sign_in: SignIn, name: str) -> None:
    word = f"w{uuid.uuid4().hex[:8]}"
    refusal = {"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}
    stack.gemini(text_ms=20, image_ms=50, script=[refusal])
    page = sign_in(name)

    say(page, f"paint {word} over the sea")

    expect(page.locator(".assistant.failed .note")).to_have_text(
        re.compile(r"\w+ .*\."), timeout=PATIENCE_MS
    )
    expect(page.locator("#log .picture")).to_have_count(0)
