"""How long people wait until something is drawn, as the page reports it over the channel."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import expect_level, expect_picture, last_answer, say

Frame = dict[str, Any]


class Reports(list[Frame]):
    """What a page reports from its first connection on."""

    def watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", self._keep))

    def _keep(self, payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame["action"] == "report":
            self.append(frame)


def expect_reports(page: Page, reports: Reports, count: int) -> None:
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
    reports, of_the_other_tab = Reports(), Reports()
    page = sign_in(name, chat=chat, prepare=reports.watch)
    other = sign_in(name, chat=chat, beside=page, prepare=of_the_other_tab.watch)
    for tab in (page, other):
        expect_level(tab)

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


def test_a_text_is_waited_for_until_its_placeholder_and_only_while_somebody_looks(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=1_500, script=[])
    reports, question = Reports(), "Hello, how are you?"
    page = sign_in(name, chat="first", prepare=reports.watch)
    expect_level(page)
    answered = page.locator(".assistant.complete")

    say(page, question)
    expect(last_answer(page)).to_contain_text("Thinking…")
    page.evaluate("location.hash = 'second'")  # the chat is left
    expect(page.locator("#log .message")).to_have_count(0)
    page.evaluate("location.hash = 'first'")
    expect(answered).to_have_count(1)
    expect_reports(page, reports, 0)

    say(page, question)
    expect(answered).to_have_count(2)
    expect_reports(page, reports, 1)
    assert set(reports[0]) == {"action", "message_id", "placeholder_ms"}

    say(page, question)
    expect(last_answer(page)).to_contain_text("Thinking…")
    hide(page)
    expect(answered).to_have_count(3)
    expect_reports(page, reports, 1)
