"""How long people wait until something is drawn, as the page reports it over the channel."""

from __future__ import annotations

import json
import uuid
from typing import Any

from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import expect_level, expect_picture, last_answer, say

Frame = dict[str, Any]


def watch_reports(page: Page) -> list[Frame]:
    """From the next connection on, what the page reports."""
    reports: list[Frame] = []

    def keep(payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame["action"] == "report":
            reports.append(frame)

    def follow(socket: WebSocket) -> None:
        socket.on("framesent", keep)

    page.on("websocket", follow)
    page.reload()
    page.get_by_role("textbox", name="Message").wait_for()
    expect_level(page)
    return reports


def expect_reports(page: Page, reports: list[Frame], count: int) -> None:
    """They have come, and a moment later there is no more of them."""
    for _ in range(100):
        if len(reports) >= count:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)
    assert len(reports) == count


def hide(page: Page) -> None:
    """As when somebody looks at another tab; Chromium has no way to say so from outside."""
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def test_who_asked_reports_how_long_each_step_took_to_be_drawn(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=300, image_ms=600, script=[])
    page = sign_in(name, chat=chat)
    other = sign_in(name, chat=chat, beside=page)
    reports, of_the_other_tab = watch_reports(page), watch_reports(other)
    page.bring_to_front()

    say(page, "paint a sunset over the sea")
    expect_picture(page)

    expect_reports(page, reports, 1)
    answer = page.locator("#log .assistant").get_attribute("data-id")
    assert reports[0]["message_id"] == answer
    steps = [reports[0][f"{step}_ms"] for step in ("placeholder", "preview", "picture")]
    assert steps == sorted(steps)
    assert all(isinstance(step, int) for step in steps)
    assert steps[2] >= 900  # what the two models took
    assert of_the_other_tab == []


def test_a_text_is_waited_for_until_its_placeholder(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=500, script=[])
    page = sign_in(name)
    reports = watch_reports(page)

    say(page, "Hello, how are you?")
    expect(page.locator(".assistant.complete")).to_be_visible()

    expect_reports(page, reports, 1)
    assert set(reports[0]) == {"action", "message_id", "placeholder_ms"}


def test_what_nobody_looked_at_is_not_reported(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=1500, script=[])
    page = sign_in(name)
    reports = watch_reports(page)

    say(page, "Hello, how are you?")
    expect(last_answer(page)).to_contain_text("Thinking…")
    hide(page)
    expect(page.locator(".assistant.complete")).to_be_visible()

    expect_reports(page, reports, 0)


def test_a_chat_that_was_left_is_not_reported(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=1500, script=[])
    first, second = (f"chat-{uuid.uuid4().hex[:8]}" for _ in range(2))
    page = sign_in(name, chat=first)
    reports = watch_reports(page)

    say(page, "Hello, how are you?")
    expect(last_answer(page)).to_contain_text("Thinking…")
    page.evaluate(f"location.hash = '{second}'")
    expect(page.locator("#log .message")).to_have_count(0)
    page.evaluate(f"location.hash = '{first}'")
    expect(page.locator(".assistant.complete")).to_be_visible()

    expect_reports(page, reports, 0)
