"""The page in a frame of another site, as the documentation has it: sign-in by a window."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.local_stack.testing import RunningStack, StackProcess
from tests.support.docs import PAGES

ALLOW = 'allow="clipboard-write"'
STORES_NOTHING = """if (window.top !== window)
    for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, {
            get() { throw new DOMException("", "SecurityError"); },
        });"""


@dataclass
class Site:
    """A page of somebody else, with the documentation's snippet in it; it has two names."""

    port: int
    stack: RunningStack

    @property
    def named(self) -> str:
        return f"http://localhost:{self.port}/"

    @property
    def unnamed(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    told = PAGES["docs/embed.md"].partition("## The page itself, in a frame")[2]
    snippet = re.search(r"```html\n(.*?)```", told, re.DOTALL)
    assert snippet is not None
    assert ALLOW in snippet[1]
    page = [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            framed = page[0].replace(ALLOW, "") if self.path == "/bare" else page[0]
            self.wfile.write(f"<!doctype html><title>theirs</title>{framed}".encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    folder: Path = tmp_path_factory.mktemp("framed")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        named = f"FrameAncestors=http://localhost:{server.server_port}"
        process = StackProcess(folder, "--parameter", named)
        stack = process.start()
        stack.gemini(text_ms=20)
        page[0] = snippet[1].replace("https://chat.example.org", stack.url)
        yield Site(server.server_port, stack)
        stack.close()
        process.stop()
        server.shutdown()
        thread.join()


@pytest.fixture
def tab(new_context: Callable[[], BrowserContext]) -> Page:
    return new_context().new_page()


def signed_in(tab: Page, name: str) -> FrameLocator:
    framed = tab.frame_locator("iframe")
    with tab.expect_popup() as opened:
        framed.get_by_role("button", name="Sign in").click()
    window = opened.value
    window.get_by_role("textbox").fill(name)
    with window.expect_event("close"):
        window.keyboard.press("Enter")
    return framed


def expect_an_answer(framed: FrameLocator) -> None:
    box = framed.get_by_role("textbox", name="Message")
    box.fill("hello")
    box.press("Enter")
    expect(framed.locator("#log .assistant.complete")).to_be_visible()


@pytest.mark.parametrize("stores", [True, False], ids=["stores", "stores nothing"])
def test_it_signs_in_by_a_window_sends_and_receives(
    site: Site,
    tab: Page,
    name: str,
    stores: bool,
) -> None:
    broken: list[str] = []
    tab.on("pageerror", lambda error: broken.append(str(error)))
    if not stores:
        tab.add_init_script(STORES_NOTHING)
    tab.goto(site.named)

    framed = signed_in(tab, name)

    expect_an_answer(framed)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    framed.get_by_role("button", name="Copy the answer").click()
    expect(framed.locator("#announcer")).to_have_text("Copied")  # the snippet allows it
    assert broken == []


def test_where_the_site_allows_no_clipboard_words_are_copied_and_a_picture_says_what_to_do(
    site: Site, tab: Page, name: str
) -> None:
    tab.goto(f"{site.named}bare")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    framed = signed_in(tab, name)
    expect_an_answer(framed)

    framed.get_by_role("button", name="Copy the answer").click()

    expect(framed.locator("#announcer")).to_have_text("Copied")
    answer = framed.locator("#log .assistant .text").inner_text()
    assert tab.evaluate("navigator.clipboard.readText()").strip() == answer.strip()

    box = framed.get_by_role("textbox", name="Message")
    box.fill("paint a fox")
    box.press("Enter")
    expect(framed.locator("#log img.full.shown")).to_be_visible()
    framed.get_by_role("button", name="Copy picture").click()
    expect(framed.locator("#notice")).to_contain_text("Download it instead")


def test_a_window_that_was_closed_can_be_opened_again_and_none_opens_by_itself(
    site: Site, tab: Page, name: str
) -> None:
    """Not after a reload, nor at a sign-out; and a strange answer signs nobody in."""
    tab.goto(site.named)
    framed = tab.frame_locator("iframe")
    button = framed.get_by_role("button", name="Sign in")
    with tab.expect_popup() as opened:
        button.click()
    tab.evaluate("""() => {
        for (const answer of ["?code=x&state=y", "?error=access_denied", null, {}])
            document.querySelector("iframe").contentWindow.postMessage({ answer }, "*");
    }""")
    expect(button).to_be_visible()
    expect(framed.locator("#welcome-notice")).to_be_empty()
    opened.value.close()

    expect_an_answer(signed_in(tab, name))
    windows = len(tab.context.pages)
    tab.reload()
    expect(button).to_be_visible()
    assert len(tab.context.pages) == windows

    with tab.expect_popup():  # the issuer knows who it is
        button.click()
    framed.get_by_role("button", name="Chats and account").click()
    framed.locator("#account-button").click()
    framed.get_by_role("button", name="Sign out").click()
    expect(button).to_be_visible()


def test_another_site_shows_nothing_of_it(site: Site, tab: Page) -> None:
    refused: list[str] = []
    tab.on("console", lambda line: refused.append(line.text))

    tab.goto(site.unnamed)

    tab.wait_for_timeout(200)
    assert tab.frames[1].url.startswith("chrome-error:")
    assert any("frame-ancestors" in line for line in refused)
