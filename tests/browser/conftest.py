"""A real Chromium, and people signed in to the page in it."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api._generated import Clock

from tests.browser.channels import Channel
from tests.browser.people import PATIENCE_MS
from tests.local_stack.issuer.codes import challenge_of
from tests.local_stack.names import ISSUER_PATH

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Stack(Protocol):
    """What these tests need of the running stack."""

    url: str

    def gemini(self, **settings: object) -> dict[str, Any]: ...


class SignIn(Protocol):
    """Opens a tab and signs in: in a browser of its own, or `beside` another of the same person.

    `prepare` is called with the tab before it has loaded anything.
    """

    def __call__(
        self,
        name: str,
        *,
        chat: str = "",
        beside: Page | None = None,
        prepare: Callable[[Page], object] | None = None,
    ) -> Page: ...


def find_browser() -> str | None:
    """Path of a Chromium or Chrome on this machine."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless one; skips the test where there is none, and fails it in CI."""
    path = find_browser()
    if path is None:
        sentence = f"no browser: install one of {', '.join(NAMES)}, or name one in CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seconds_between_sweeps() -> int:
    """Hardly anything on the page waits for one."""
    return 6


@pytest.fixture(scope="package")  # its event loop must not be in other tests' way
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def opened_in(browser: Browser, locale: str = "en-GB", **options: Any) -> BrowserContext:
    # What moves is drawn sixty times a second, by the processor: see `with_motion`.
    return browser.new_context(locale=locale, reduced_motion="reduce", **options)


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of its own, with nothing in its cache."""
    contexts: list[BrowserContext] = []

    def create(*args: Any, **options: Any) -> BrowserContext:
        contexts.append(opened_in(browser, *args, **options))
        return contexts[-1]

    yield create
    for context in contexts:
        context.close()


# What of a browser stays as a test has changed it when all tabs are closed.
LASTING = [
    *((BrowserContext, name) for name in ("on", "route", "grant_permissions", "set_offline")),
    *((BrowserContext, name) for name in ("add_init_script", "route_web_socket")),
    (Clock, "install"),
]


@pytest.fixture(scope="package")
def windows(browser: Browser) -> Iterator[list[Page]]:
    """The tab that stays open of the browser that tests use one after the other, if it is there."""
    found: list[Page] = []
    yield found
    for tab in found:
        tab.context.close()


@pytest.fixture
def used_browser(
    browser: Browser, windows: list[Page], stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BrowserContext]:
    """One that has loaded the page before and holds nothing else of it: what most people have.

    A start costs two thirds of what it costs a new one.
    """
    changed: list[str] = []
    for owner, name in LASTING:
        monkeypatch.setattr(owner, name, noting(getattr(owner, name), changed))
    if not windows:
        windows.append(opened_in(browser).new_page())
        windows[0].goto(f"{stack.url}/robots.txt")  # at the page's origin, without a script
    [first] = windows
    context = first.context
    yield context
    if changed:
        windows.clear()
        context.close()
        return
    for tab in context.pages:
        if tab is not first:
            tab.close()
    everything = {"origin": stack.url, "storageTypes": "all"}  # which its cache is not
    session = context.new_cdp_session(first)
    session.send("Storage.clearDataForOrigin", everything)
    session.detach()


def noting(change: Callable[..., Any], changed: list[str]) -> Callable[..., Any]:
    def noted(*args: Any, **options: Any) -> Any:
        changed.append(change.__name__)
        return change(*args, **options)

    return noted


@pytest.fixture(scope="package")
def page_of_stack(stack: Stack, browser: Browser) -> Iterator[Page]:
    """Where nobody is signed in: for tests that run the page's modules and leave nothing behind."""
    context = opened_in(browser)
    page = context.new_page()
    page.goto(stack.url)
    yield page
    context.close()


@pytest.fixture
def channel(new_context: Callable[[], BrowserContext]) -> Channel:
    return Channel(new_context().new_page())


@pytest.fixture
def sign_in_with(stack: Stack) -> Callable[..., Page]:
    """Signs in with a new tab; the next one of its browser is signed in silently."""

    def sign_in_with(
        page: Page, name: str, *, url: str = stack.url, chat: str = "", known: bool = False
    ) -> Page:
        page.goto(f"{url}/#{chat}")
        if not known:
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("textbox").fill(name)
            page.keyboard.press("Enter")
        page.get_by_role("textbox", name="Message").wait_for()
        return page

    return sign_in_with


def signed_in_at_the_issuer(page: Page, url: str, name: str, chat: str) -> str:
    """The address that the issuer leads back to, and in the tab what the page left for it there.

    That is how each sign-in ends; tests of what comes before it begin at the button.
    """
    verifier, state = uuid.uuid4().hex * 2, uuid.uuid4().hex
    kept = {"verifier": verifier, "state": state, "back": f"{url}/", "hash": f"#{chat}"}
    asked: dict[str, str | float | bool] = {
        "response_type": "code", "client_id": "chat-page", "redirect_uri": kept["back"],
        "scope": "openid profile offline_access", "state": state, "user": name,
        "code_challenge": challenge_of(verifier), "code_challenge_method": "S256",
    }  # fmt: skip
    answer = page.context.request.post(f"{url}{ISSUER_PATH}/authorize", form=asked, max_redirects=0)
    page.add_init_script(
        f"if (location.search.includes('{state}'))"
        f" sessionStorage.setItem('afterimage.redirect', {json.dumps(json.dumps(kept))});"
    )
    return answer.headers["location"]


@pytest.fixture
def sign_in(
    stack: Stack,
    used_browser: BrowserContext,
    new_context: Callable[[], BrowserContext],
    sign_in_with: Callable[..., Page],
) -> SignIn:
    free = [used_browser]

    def open_tab(
        name: str,
        *,
        chat: str = "",
        beside: Page | None = None,
        prepare: Callable[[Page], object] | None = None,
    ) -> Page:
        page = (beside.context if beside else free.pop() if free else new_context()).new_page()
        if prepare:
            prepare(page)
        if beside:
            sign_in_with(page, name, chat=chat, known=True)
            beside.bring_to_front()  # a tab behind another is drawn only now and then
            return page
        page.goto(signed_in_at_the_issuer(page, stack.url, name, chat))
        page.get_by_role("textbox", name="Message").wait_for()
        return page

    return open_tab


@pytest.fixture
def name() -> str:
    return f"alice-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def chat() -> str:
    return f"chat-{uuid.uuid4().hex[:8]}"
