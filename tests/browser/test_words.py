"""A text is read while it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    expect_level,
    last_answer,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)


@pytest.fixture
def writing(stack: Stack) -> Iterator[Stack]:
    """A model that writes forty words a second."""
    stack.gemini(text_ms=300, words_a_second=40, script=[])
    yield stack
    stack.gemini(words_a_second=0)


def test_a_bubble_grows_with_its_words_and_moves_nothing(
    writing: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    """No word is told twice where the line is cut in mid-answer."""
    lines: list[WebSocketRoute] = []

    def note(route: WebSocketRoute) -> None:
        route.connect_to_server()
        lines.append(route)

    everywhere = re.compile(r"^wss?://")
    page = sign_in(name, chat=chat, prepare=lambda tab: tab.route_web_socket(everywhere, note))
    expect_level(page)
    watch_shifts(page)
    say(page, "tell me a story in 150 words")
    answer = last_answer(page)
    expect(answer.locator(".text")).to_contain_text("Once a lamp")
    assert "thinking" in (answer.get_attribute("class") or "")
    assert answer.locator("[aria-live], [role=status], [role=log]").count() == 0
    expect(answer).to_have_class("message assistant complete text")
    assert len(answer.locator(".text").inner_text().split()) == 150
    wait_for_glides(page)
    assert shifts(page) == [0, []]

    say(page, "Hello!")
    texts = page.locator("#log .assistant.complete .text")
    expect(texts).to_have_count(2)
    before = texts.all_inner_texts()
    page.evaluate("""() => {
        const of = (selector) => [...document.querySelectorAll(selector)].at(-1).textContent;
        window.said = [];
        const watch = (id, act) => new MutationObserver(act).observe(document.getElementById(id), {
            subtree: true, childList: true, characterData: true,
        });
        window.seen = new Set();
        watch("log", () => window.seen.add(of("#log .assistant .text")));
        watch("announcer", () => window.said.push(of("#announcer")));
    }""")

    say(page, "tell me another story in 150 words")
    expect(last_answer(page).locator(".text")).to_contain_text("Once a lamp")
    lines[-1].close()

    expect(texts).to_have_count(3)
    assert len(lines) == 2
    final = page.evaluate("document.querySelectorAll('#log .assistant .text')[2].textContent")
    seen = page.evaluate("[...window.seen]")
    assert len(final.split()) == 150
    assert len(seen) > 3
    assert [text for text in seen if not final.startswith(text)] == []
    assert texts.all_inner_texts()[:2] == before
    assert page.evaluate("window.said") == ["The answer is complete."]
    assert page.locator("[aria-live], [role=log]").count() == 0
