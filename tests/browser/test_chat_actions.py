"""What somebody can do with a message and a chat, by mouse, by keyboard and by finger."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    UNDO_MS,
    Held,
    chat_with,
    expect_level,
    expect_picture,
    last_answer,
    say,
    shifts,
    skeleton,
    wait_for_glides,
    watch_shifts,
)
from tests.local_stack.testing import RunningStack


def answer_deletes(page: Page, status: int) -> list[str]:
    """DELETE gets this answer; returns the paths that were asked for."""
    paths: list[str] = []

    def fulfil(route: Route) -> None:
        if route.request.method != "DELETE":
            return route.fallback()
        paths.append(route.request.url.split("/", 3)[3])
        error = {"error": {"code": "not_found", "message": "No.", "retry_after": None}}
        return route.fulfill(status=status, json=None if status == 204 else error)

    page.route("**/*", fulfil)
    return paths


def was_asked_long_ago(route: Route) -> None:
    answer = route.fetch()
    page = answer.json()
    for message in page["messages"]:
        message["created_at"] = "2020-01-01T00:00:00.000Z"
    route.fulfill(response=answer, json=page)


def test_an_answer_is_cancelled_while_it_paints_and_tried_again(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    """A second try is waited for from its own beginning."""
    stack.gemini(text_ms=20, image_ms=60_000, script=[])
    page = sign_in(name)
    say(page, "paint a sunset over the sea")
    expect(skeleton(page)).to_be_visible()

    page.get_by_role("button", name="Cancel").click()
    expect(last_answer(page)).to_contain_text("Cancelled.")
    expect(page.locator("#log .picture")).to_have_count(0)
    expect(page.locator("#announcer")).to_have_text("Cancelled.")
    stack.gemini(text_ms=20, image_ms=200, script=[])
    page.get_by_role("button", name="Try again").click()
    expect_picture(page)

    stack.gemini(text_ms=60_000)
    say(page, "Hello, how are you?")
    expect(last_answer(page)).to_contain_text("Thinking…")
    page.get_by_role("button", name="Cancel").click()
    page.route(re.compile(r"/messages\?"), was_asked_long_ago)
    page.reload()
    page.get_by_role("button", name="Try again").click()
    expect(last_answer(page)).to_contain_text(re.compile(r"Thinking… \d{1,2} s"))
    page.get_by_role("button", name="Cancel").click()


def test_a_cancel_that_crosses_the_beginning_of_painting_counts(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=1_000, image_ms=60_000, script=[])
    page = sign_in(name)
    held = Held(page, "**/cancel")
    say(page, "paint a sunset over the sea")

    page.get_by_role("button", name="Cancel").click()
    expect(skeleton(page)).to_be_visible()
    held.first().continue_()

    expect(last_answer(page)).to_contain_text("Cancelled.")


def test_what_failed_says_why_and_what_to_do_next(stack: Stack, sign_in: SignIn, name: str) -> None:
    word = f"w{uuid.uuid4().hex[:8]}"
    refusal = {"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}
    stack.gemini(text_ms=20, image_ms=50, script=[refusal])
    page = sign_in(name)
    box = page.get_by_role("textbox", name="Message")
    lighthouse = page.get_by_role("button", name="A lighthouse in a storm")
    lighthouse.click()  # words that are offered take nothing away
    page.get_by_role("button", name="A fox asleep in autumn leaves").click()
    expect(box).to_have_value("Paint a fox asleep in autumn leaves")
    box.fill("half a thought")
    lighthouse.click()
    expect(box).to_have_value("Paint a lighthouse in a storm\nhalf a thought")

    say(page, f"paint {word} over the sea")
    expect(page.locator(".assistant.failed .note")).to_have_text(re.compile(r"\w+ .*\."))
    expect(page.locator("#log .picture")).to_have_count(0)
    page.get_by_role("button", name="Change the words").click()
    expect(box).to_have_value(f"paint {word} over the sea")
    expect(box).to_be_focused()
    page.get_by_role("button", name="Try again").click()

    expect_picture(page)
    expect(page.locator("#log .failed")).to_have_count(0)


def test_another_one_asks_the_same_question_in_the_same_shape(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    """As a version of the last."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    page.get_by_label("Shape of the picture").select_option("21:9")
    say(page, "paint a sunset over the sea")
    expect_picture(page)

    page.get_by_label("Shape of the picture").select_option("")
    page.get_by_role("button", name="Another one").click()

    expect(page.locator(".gallery li")).to_have_count(2)
    expect(last_answer(page).locator(".versions")).to_have_text("2 / 2")
    expect(page.locator("#log .message")).to_have_count(2)
    expect(page.locator(".user .text")).to_have_text("paint a sunset over the sea")
    ratio = page.locator("#log .picture").evaluate("one => one.offsetWidth / one.offsetHeight")
    assert ratio == pytest.approx(21 / 9, rel=0.03)


def test_a_picture_is_opened_large_and_left_by_keys_and_its_prompt_copied(
    stack: Stack, sign_in: SignIn, name: str, tmp_path: Path
) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for count, subject in enumerate(("a sunset", "a fox"), start=1):
        say(page, f"paint {subject}")
        expect_picture(page, count)
    viewer = page.get_by_role("dialog", name="Picture")
    caption = viewer.locator(".caption")

    opener = page.get_by_role("button", name=re.compile("Open large: .*fox"))
    opener.focus()
    page.keyboard.press("Enter")
    expect(caption).to_contain_text("fox")
    expect(viewer.locator("img.full")).to_have_css("opacity", "1")
    page.keyboard.press("ArrowRight")
    expect(caption).to_contain_text("sunset")
    expect(viewer.get_by_role("button", name="Older picture")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(caption).to_contain_text("fox")
    stage = page.locator("#viewer .stage")  # and by a swipe
    stage.dispatch_event("pointerdown", {"clientX": 300})
    stage.dispatch_event("pointerup", {"clientX": 200})
    expect(caption).to_contain_text("sunset")
    stage.dispatch_event("pointerdown", {"clientX": 200})
    stage.dispatch_event("pointerup", {"clientX": 300})
    expect(caption).to_contain_text("fox")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(opener).to_be_focused()

    answer = last_answer(page)
    beside = answer.get_by_role("button", name="Download")
    was = beside.bounding_box()
    answer.get_by_role("button", name="Copy prompt").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert beside.bounding_box() == was
    with page.expect_download() as download:
        beside.click()
    prompt = answer.locator("img.full").get_attribute("alt")
    assert page.evaluate("navigator.clipboard.readText()") == prompt
    assert re.fullmatch(r"[\w-]*fox[\w-]*\.webp", download.value.suggested_filename)
    download.value.save_as(tmp_path / "picture.webp")
    assert (tmp_path / "picture.webp").read_bytes()[8:12] == b"WEBP"
    page.evaluate("""() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error());
        document.execCommand = () => false;
    }""")
    answer.get_by_role("button", name="Copy prompt").click()
    expect(page.get_by_role("button", name="Not allowed")).to_be_visible()
    assert beside.bounding_box() == was


def test_one_file_of_a_picture_is_enough(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    for lost, shown in (("thumbnail", "full"), ("full", "thumbnail")):
        page.unroute_all()
        page.route(re.compile(rf"/cdn/.*{lost}"), lambda route: route.abort())

        with page.expect_event("requestfailed"):
            say(page, f"paint a sunset with a {shown}")

        expect(last_answer(page).locator(f"img.{shown}.shown")).to_be_visible()
        expect(page.locator("#log .broken")).to_have_count(0)


def test_more_chats_that_cannot_be_read_are_asked_for_again(sign_in: SignIn, name: str) -> None:
    error = {"code": "invalid", "message": "Not these.", "retry_after": None}
    answers = [
        {"status": 400, "json": {"error": error}},
        {"json": {"chats": [chat("second", "2026-11-20T10:00:00.000Z")], "next_cursor": None}},
    ]

    def fulfil(route: Route) -> None:
        if "cursor=" in route.request.url:
            route.fulfill(**answers.pop(0))  # type: ignore[arg-type]
        else:
            route.fulfill(
                json={"chats": [chat("first", "2026-11-20T11:00:00.000Z")], "next_cursor": "next"}
            )

    page = sign_in(name, prepare=lambda tab: tab.route("**/chats?*", fulfil))
    more = page.get_by_role("button", name="More chats")

    more.click()
    expect(page.locator("#notice")).to_have_text("Not these.")
    more.click()

    expect(page.locator("#chats a")).to_have_text(["first", "second"])


def chat(title: str, at: str) -> dict[str, str]:
    return {"id": title, "title": title, "created_at": at, "updated_at": at}


def test_a_chat_is_deleted_unless_that_is_undone(stack: Stack, sign_in: SignIn, name: str) -> None:
    """What cannot be deleted is there again, which is said kindly."""
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    say(page, "Hello, how are you?")
    entry = page.locator("#chats li")
    expect(entry).to_have_count(1)
    expect(page.locator(".assistant.complete")).to_be_visible()
    answer_deletes(page, 403)
    page.clock.install()

    def delete() -> None:
        entry.hover()
        entry.get_by_role("button", name="Delete").click()
        expect(entry).to_have_count(0)

    delete()
    page.clock.fast_forward(UNDO_MS)
    expect(page.locator("#notice")).to_have_text("There is nothing here.")
    expect(entry).to_have_count(1)

    page.unroute_all()
    paths = answer_deletes(page, 204)
    entry.get_by_role("link").click()
    delete()
    expect(page.locator("#undone")).to_contain_text("Hello, how are you?")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".message")).to_have_count(2)
    expect(page.locator("#title")).to_have_text("Hello, how are you?")
    with page.expect_request(lambda request: request.method == "DELETE"):
        delete()
        expect(page.locator(".message")).to_have_count(0)
        expect(page.locator("#title")).to_have_text("New chat")
        page.clock.fast_forward(UNDO_MS)
    expect(page.locator("#undone")).to_be_hidden()
    assert len(paths) == 1


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_waiting_is_honest_and_moves_nothing(
    stack: Stack, sign_in: SignIn, name: str, width: int
) -> None:
    stack.gemini(text_ms=20, image_ms=60_000, script=[])
    usage = {"used": 3, "limit": 10, "typical_ms": 12_000}

    def prepare(tab: Page) -> None:
        tab.set_viewport_size({"width": width, "height": 844})
        tab.route("**/usage", lambda route: route.fulfill(json=usage))

    page = sign_in(name, prepare=prepare)
    expect_level(page)
    watch_shifts(page)
    page.clock.install()

    say(page, "paint a sunset over the sea")
    expect(skeleton(page)).to_be_visible()
    page.clock.run_for(10_000)
    expect(last_answer(page)).to_contain_text(re.compile(r"Painting… \d+ s, usually about 12 s"))
    page.clock.run_for(20_000)

    expect(last_answer(page)).to_contain_text(re.compile(r"Painting… \d+ s, longer than usual"))
    assert "%" not in last_answer(page).inner_text()
    assert shifts(page) == [0, []]
    page.clock.resume()
    page.get_by_role("button", name="Cancel").click()


HEARS = """() => {
    window.heard = [];
    new MutationObserver(() => window.heard.push(announcer.textContent))
        .observe(announcer, { childList: true });
}"""


def test_everything_can_be_done_from_the_keyboard(stack: Stack, sign_in: SignIn, name: str) -> None:
    """And a screen reader hears what happens."""
    stack.gemini(text_ms=20, image_ms=1_000, script=[])
    page = sign_in(name)
    expect_level(page)
    page.evaluate(HEARS)
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    page.keyboard.type("paint a sunset")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("over the sea")
    page.keyboard.press("Enter")
    expect_picture(page)
    heard = page.evaluate("window.heard")
    assert heard[0] == "Painting."
    assert re.match("Picture ready: .*sunset", heard[1])

    reached: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
            const { ariaLabel, textContent, id } = document.activeElement;
            return (ariaLabel ?? (textContent.trim().slice(0, 20) || id)).split(":")[0];
        }""")
        )

    assert reached >= {
        "New chat", "Pictures", "Rename", "Delete", "Messages", "Open large", "Another one",
        "Copy prompt", "Download", "Send", "Search by words of the prompt", "Select",
    }  # fmt: skip
    expect(page.locator(".user .text")).to_have_text("paint a sunset\nover the sea")


# Runs `window.before`, once, in the same task as the next frame of the channel and ahead of it.
AHEAD_OF_A_FRAME = """(() => {
    const Own = window.WebSocket;
    window.WebSocket = class extends Own {
        set onmessage(receive) {
            super.onmessage = receive && ((event) => {
                window.before?.();
                delete window.before;
                receive(event);
            });
        }
    };
})()"""


def test_a_chat_far_from_the_end_stays_where_it_is(
    stack: RunningStack, sign_in: SignIn, name: str, chat: str
) -> None:
    """And somebody at the end stays there while messages glide."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    chat_with(stack, name, chat, *(f"Hello{7 * chr(10)}for the {n}th time!" for n in range(5)))
    page = sign_in(name, chat=chat, prepare=lambda tab: tab.add_init_script(AHEAD_OF_A_FRAME))
    other = sign_in(name, chat=chat, beside=page)
    for tab in (page, other):
        expect_level(tab)
        expect(tab.locator(".assistant.complete")).to_have_count(5)
    watch_shifts(page)
    first, to_end = page.locator(".message").first, page.locator("#to-end")
    # What comes from below makes the log higher for a moment; nothing is there to go down to.
    page.evaluate("""() => {
        const log = document.querySelector("#log");
        log.querySelector("li:last-child").style.transform = "translateY(2000px)";
        log.dispatchEvent(new Event("scroll"));
        log.querySelector("li:last-child").style.transform = "";
    }""")
    expect(to_end).to_be_hidden()
    say(other, "Hello from another tab!")
    expect(page.locator(".assistant.complete")).to_have_count(6)
    wait_for_glides(page)
    expect(last_answer(page)).to_be_in_viewport()
    expect(to_end).to_be_hidden()

    # Of a scroll the page hears with the next frame it draws, and what comes before is not late.
    page.evaluate("() => { window.before = () => document.querySelector('#log').scrollTo(0, 0); }")
    say(other, "Hello once more!")
    expect(page.locator("#to-end.news")).to_be_visible()
    expect(page.locator(".assistant.complete")).to_have_count(7)
    wait_for_glides(page)
    expect(first).to_be_in_viewport()

    box = first.bounding_box()
    watch_shifts(page)
    say(other, "paint a sunset over the sea")
    expect(page.locator("#log .assistant.complete")).to_have_count(8)
    assert first.bounding_box() == box
    assert shifts(page) == [0, []]
    page.get_by_role("button", name="Latest").click()
    expect(to_end).to_be_hidden()
    expect(last_answer(page)).to_be_in_viewport()
