"""What stands in the page before the server has said anything."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    Held,
    expect_level,
    last_answer,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)

MESSAGES = "**/chats/*/messages"


def thinking_two_frames_after_enter(page: Page) -> list[str]:
    page.get_by_role("textbox", name="Message").fill("Hello, how are you?")
    found: list[str] = page.evaluate(
        """async () => {
            const about = { key: "Enter", bubbles: true, cancelable: true };
            document.getElementById("text").dispatchEvent(new KeyboardEvent("keydown", about));
            for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
            window.foreseen = document.querySelector(".assistant.thinking");
            return [...document.querySelectorAll(".message")].map((one) => one.innerText.trim());
        }"""
    )
    return found


def test_thinking_stands_two_frames_after_enter_and_becomes_the_answer(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=300, script=[])
    page = sign_in(name)
    expect_level(page)
    watch_shifts(page)
    held = Held(page, MESSAGES)

    seen = thinking_two_frames_after_enter(page)

    assert [one.split("\n")[-1] for one in seen] == ["Hello, how are you?", "Thinking…"]
    expect(last_answer(page).get_by_role("button")).to_have_count(0)  # there is nothing to cancel
    held.first().continue_()
    expect(page.locator(".assistant.complete .text")).to_be_visible()
    expect(page.locator(".message")).to_have_count(2)
    assert page.evaluate("window.foreseen === document.querySelector('.assistant.complete')")
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    page.reload()
    expect(page.locator(".message")).to_have_count(2)


def test_it_goes_with_a_question_that_is_refused_or_does_not_arrive(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    """What is refused is given back with the reason; what did not arrive is kept and sent later."""
    stack.gemini(text_ms=20, script=[])
    at_once = "Math.random = () => 0"  # no pause before a repeat
    page = sign_in(name, prepare=lambda tab: tab.add_init_script(at_once))
    expect_level(page)
    held = Held(page, MESSAGES)

    assert len(thinking_two_frames_after_enter(page)) == 2
    error = {"code": "too_many_open", "message": "Wait for an answer first.", "retry_after": None}
    held.first().fulfill(status=429, json={"error": error})
    expect(page.locator("#notice")).to_have_text(
        "Please wait until one of your open messages is answered."
    )
    expect(page.locator(".message")).to_have_count(0)
    question = "Hello, how are you?"
    expect(page.get_by_role("textbox", name="Message")).to_have_value(question)

    assert len(thinking_two_frames_after_enter(page)) == 2
    page.route(MESSAGES, lambda route: route.abort())
    held.first().abort()
    expect(page.locator(".user.unsent .text")).to_have_text(question)
    expect(page.locator(".user .foot")).to_contain_text("Not sent.")
    expect(page.locator(".assistant")).to_have_count(0)
    page.unroute(MESSAGES)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".assistant.complete .text")).to_be_visible()
    expect(page.locator(".user .text")).to_have_text([question])
    expect(page.locator(".unsent")).to_have_count(0)


def test_an_answer_that_a_snapshot_brings_first_stands_once_and_ends(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name, chat=chat)
    expect_level(page)
    answers = Held(page, f"{MESSAGES}*")
    page.reload()
    page.get_by_role("textbox", name="Message").wait_for()
    read = answers.first()  # the snapshot's page of the chat
    assert read.request.method == "GET"
    say(page, "Hello, how are you?")
    asked = answers.first()
    answer = asked.fetch()
    body = answer.json()["assistant_message"]
    thinking = {**body, "text": "", "version": 1, "meta": {**body["meta"], "status": "thinking"}}
    messages = [thinking, answer.json()["user_message"]]

    read.fulfill(json={"messages": messages, "next_cursor": None})
    expect(page.locator(f'[data-id="{body["id"]}"]')).to_be_visible()
    asked.fulfill(response=answer)

    expect(page.locator(".assistant.complete .text")).to_be_visible()
    expect(page.locator(".message")).to_have_count(2)
