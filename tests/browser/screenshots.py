"""`python -m tests.browser.screenshots FOLDER`: every state of the page, for people to look at.

At the width of a phone and of a desktop, in light and dark, some in German, as WebP. Takes about
four minutes; `--only habits` takes one.
"""

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, find_browser
from tests.browser.people import Held, expect_level, skeleton
from tests.browser.states_of_habits import states_of_habits
from tests.local_stack.testing import RunningStack, StackProcess

SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
THEMES = ("light", "dark")
QUALITY = 82
# A headless browser shows no notice, and says so.
_ASKED_BY_NOBODY = 'Object.defineProperty(Notification, "permission", { get: () => "default" })'
PARTS = ("conversation", "habits")


def main() -> None:
    """Writes the pictures into the folder, which is made if need be."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.screenshots", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=PARTS, action="append")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    with stack_and_browser() as (stack, browser):
        for size in SIZES:
            for theme in THEMES:
                for part in arguments.only or PARTS:
                    _visit(stack, browser, folder, (size, theme, "en-GB", part))
        for size, theme in zip(SIZES, THEMES, strict=True):
            _visit(stack, browser, folder, (size, theme, "de-DE", "habits"))


def say(page: Page, text: str) -> None:
    """By the button, since Enter on a phone makes a new line."""
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send").click()


@contextmanager
def stack_and_browser() -> Iterator[tuple[RunningStack, Browser]]:
    """A local stack of its own and a browser, for commands that show the page."""
    path = find_browser()
    if path is None:
        sys.exit("There is no Chromium here.")
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        process = StackProcess(Path(own))
        stack = process.start()
        try:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            yield stack, browser
            browser.close()
        finally:
            stack.close()
            process.stop()


def _visit(
    stack: RunningStack, browser: Browser, folder: Path, what: tuple[str, str, str, str]
) -> None:
    size, theme, locale, part = what
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if size == "phone" else 1,
        color_scheme=theme,  # type: ignore[arg-type]
        locale=locale,
        has_touch=size == "phone",
    )
    context.add_init_script(_ASKED_BY_NOBODY)
    page = context.new_page()
    count = iter(range(1, 100))

    def shot(state: str) -> None:
        page.wait_for_timeout(700)  # fades end
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        name = f"{size}-{theme}-{locale[:2]}-{part}-{next(count):02}-{state}.webp"
        picture.save(folder / name, quality=QUALITY, method=6)

    page.goto(stack.url)
    if part == "conversation":
        shot("signed-out")
    page.locator("#sign-in").click()
    page.get_by_role("textbox").fill(f"{size}-{theme}-{locale}-{part}")
    page.keyboard.press("Enter")
    expect_level(page)
    states = {"conversation": _steps, "habits": states_of_habits}[part]
    for step in states(stack, page, is_phone=size == "phone"):
        shot(step)
    context.close()


def _photo() -> FilePayload:
    data = io.BytesIO()
    Image.linear_gradient("L").save(data, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": data.getvalue()}


def _steps(stack: RunningStack, page: Page, *, is_phone: bool) -> Iterator[str]:
    """Brings the page from state to state; each is named when it is there."""
    stack.gemini(text_ms=1_500, image_ms=4_000, drafts=1, script=[])
    yield "new-chat"
    say(page, "Paint a lighthouse in a storm, as a woodcut")
    yield "thinking"
    expect(skeleton(page)).to_be_visible()
    yield "painting"
    preview = page.locator("#log img.preview.shown")
    if preview.count():
        yield "preview"
    expect(page.locator("#log img.full.shown")).to_be_visible()
    yield "picture"

    stack.gemini(text_ms=50, image_ms=100, drafts=0, script=[])
    subjects = ("a fox asleep in autumn leaves", "a city at night", "a balloon over mountains")
    for number, subject in enumerate((*subjects, "a cat on a roof, 16:9"), start=2):
        say(page, f"Paint {subject}")
        expect(page.locator("#log img.full.shown")).to_have_count(number)
    yield "chat"
    say(page, "Hello, what can you do?")
    expect(page.locator(".assistant.complete.text")).to_be_visible()
    yield from _several(stack, page)
    stack.gemini(script=[{"on": "image", "finish_reason": "IMAGE_SAFETY"}])
    say(page, "Paint something nobody should see")
    expect(page.locator(".failed")).to_be_visible()
    yield "failed"
    stack.gemini(image_ms=60_000, script=[])
    say(page, "Paint a harbour in the morning")
    expect(skeleton(page)).to_be_visible()
    page.wait_for_timeout(1_000)  # its painting begins
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".cancelled")).to_be_visible()
    yield "cancelled"
    stack.gemini(image_ms=100, script=[])
    yield from _brought(page)
    yield from _refused(page)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("Offline")
    yield "offline"
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_empty()
    if is_phone:
        page.get_by_role("button", name="Chats and account").click()
    page.locator("#account-button").click()
    yield "account"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    page.evaluate("location.hash = '#/pictures'")
    yield "pictures"
    page.get_by_text("Brought", exact=True).click()
    expect(page.locator(".tiles li")).to_have_count(1)
    yield "pictures-brought"
    page.get_by_text("All", exact=True).click()
    page.get_by_role("button", name="Select").click()
    for tile in page.locator(".tiles li button").all()[:2]:
        tile.click()
    yield "pictures-chosen"
    page.locator(".selection").get_by_role("button", name="Delete").click()
    yield "question"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Done").click()
    page.locator(".tiles li button").first.click()
    page.get_by_role("slider").fill("45")
    yield "large"
    page.keyboard.press("Escape")
    page.route("**/token", lambda route: route.abort())
    page.reload()
    expect(page.locator("#welcome-notice")).not_to_be_empty()
    yield "signed-in-no-more"


def _brought(page: Page) -> Iterator[str]:
    """Pictures on their way up, refused and there; then a change of one."""
    held = Held(page, "**/images/*")
    page.locator("#files").set_input_files([_photo(), _photo()])
    expect(page.locator(".tile progress")).to_have_count(2)
    page.locator("#text").fill("Make this a woodcut")
    yield "going-up"
    error = {"code": "upload_limit", "message": "You have brought all of today's pictures."}
    held.first().continue_()
    held.first().fulfill(status=429, json={"error": error})
    page.unroute("**/images/*")
    expect(page.locator(".tile progress")).to_have_count(0)
    yield "attached"
    page.locator(".tile.failed").get_by_role("button", name="Remove the picture").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".assistant").last).to_have_class(re.compile("complete"))
    yield "edited"


def _refused(page: Page) -> Iterator[str]:
    """The day's pictures are used up; what was written is given back with the reason, or waits."""
    say(page, "Paint a bridge")
    expect(page.locator("#log")).to_contain_text("all of today's pictures")
    yield "used-up"
    error = {"code": "message_limit", "message": "You have used all of today's messages."}
    answer = {"error": error | {"retry_after": 20_000}}
    page.route("**/messages", lambda route: route.fulfill(status=429, json=answer), times=1)
    say(page, "Hello?")
    expect(page.locator("#notice")).not_to_be_empty()
    yield "given-back"
    page.locator("#text").fill("")
    page.evaluate("Math.random = () => 0")
    page.route("**/messages", lambda route: route.abort())
    say(page, "Is anybody there?")
    yield "sending"
    expect(page.get_by_text("Not sent.")).to_be_visible()
    yield "not-sent"
    page.unroute("**/messages")


def _several(stack: RunningStack, page: Page) -> Iterator[str]:
    """An answer with four pictures, one of which fails, and a long one of words."""
    delays = [{"on": "image", "delay_ms": delay} for delay in (300, 1_500, 6_000)]
    refusal = {"on": "image", "finish_reason": "IMAGE_SAFETY", "delay_ms": 1_500}
    stack.gemini(drafts=1, script=[*delays, refusal])
    say(page, "Paint four pictures of a boat, 3:2")
    expect(page.locator(".pictures .said")).to_be_visible()
    yield "several"
    expect(page.locator(".pictures.of-4 img.full.shown")).to_have_count(3)
    yield "three-of-four"
    stack.gemini(drafts=0, words_a_second=60, script=[])
    say(page, "Tell me a story in 600 words")
    expect(page.locator("#to-end.news")).to_be_visible()
    yield "writing"
    expect(page.locator(".assistant.thinking")).to_have_count(0)
    stack.gemini(words_a_second=0)
    page.get_by_role("textbox", name="Message").focus()


if __name__ == "__main__":
    main()
