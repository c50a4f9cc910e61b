"""Who is signed in: for as long as somebody stays, and no longer than they want."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import expect_level, say
from tests.browser.test_attachments import bring, expect_up, picture, uploads


def token_requests(page: Page) -> list[str]:
    """The grant types of the token requests from here on."""
    grants: list[str] = []

    def note(url: str, body: str | None) -> None:
        if url.endswith("/token"):
            grants.append((body or "").split("grant_type=")[1].split("&")[0])

    page.on("request", lambda request: note(request.url, request.post_data))
    return grants


def test_no_token_is_kept_where_another_script_could_read_it_and_each_is_renewed_silently(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    """A wrong clock is corrected."""
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    expect_level(page)
    kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert re.search(r"ey[\w-]+\.", kept) is None
    assert page.evaluate("document.cookie") == ""
    of_browser = page.evaluate("({ ...localStorage })")
    assert of_browser.pop("afterimage.known") == "yes"
    assert list(of_browser) == ["afterimage.tabs"]
    assert name not in str(of_browser)
    page.evaluate("window.neverReloaded = true")
    grants = token_requests(page)

    # To this device, an hour has passed. To the server, its clock is wrong.
    page.evaluate("""() => {
        const now = Date.now;
        Date.now = () => now() + 3_600_000;
    }""")
    say(page, "Hello, how are you?")
    expect(page.locator(".assistant.complete .text")).to_be_visible()
    say(page, "And now?")
    expect(page.locator(".assistant.complete .text")).to_have_count(2)

    assert grants == ["refresh_token"]
    assert page.evaluate("window.neverReloaded") is True
    expect(page.locator(".user .text")).to_have_text(["Hello, how are you?", "And now?"])


def test_words_and_a_picture_survive_a_sign_in_that_enter_leads_to(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name, chat=chat)
    expect_level(page)
    bring(page, "paste", picture("red"))
    expect_up(page, 1)
    sent = uploads(page)
    refusal = {"error": "invalid_grant"}
    page.route("**/token", lambda route: route.fulfill(status=400, json=refusal), times=1)
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3_600_000; }")

    with page.expect_request(re.compile("/authorize")):
        say(page, "what is this?")

    expect(page.locator("#text")).to_have_value("what is this?")
    assert page.url.endswith(f"#{chat}")
    expect_up(page, 1)
    page.locator("#text").press("Enter")
    expect(page.locator(".assistant.complete")).to_be_visible()
    expect(page.locator(".user")).to_have_count(1)
    assert sent == []


@pytest.fixture
def refusing(stack: Stack) -> Iterator[None]:
    """The issuer says that it knows offline_access, and grants it to nobody."""
    address = f"{stack.url}/dev/identity/refused_scopes"
    httpx.put(address, json=["offline_access"]).raise_for_status()
    yield
    httpx.put(address, json=[]).raise_for_status()


@pytest.mark.usefixtures("refusing")
def test_an_issuer_that_refuses_offline_access_is_asked_without_it_from_then_on(
    new_context: Callable[[], BrowserContext], sign_in_with: Callable[..., Page], name: str
) -> None:
    page = sign_in_with(new_context().new_page(), name)
    expect_level(page)
    other = page.context.new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.extend(scope_of(request.url)))

    other.goto(page.url)
    other.get_by_role("textbox", name="Message").wait_for()

    assert asked == ["openid"]
    other.close()
    page.evaluate("localStorage.clear()")
    page.locator("#account-button").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/authorize**")
    assert parse_qs(urlsplit(page.url).query)["prompt"] == ["login"]  # who it is, is asked


def test_who_may_have_no_refresh_token_comes_in_without_one(
    stack: Stack, new_context: Callable[[], BrowserContext], name: str
) -> None:
    """As Keycloak says it: only when the code is redeemed, and of the person."""
    page = new_context().new_page()
    refusal = {"error": "not_allowed", "error_description": "Offline tokens not allowed"}
    page.route("**/token", lambda route: route.fulfill(status=400, json=refusal), times=1)
    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox").fill(name)

    page.keyboard.press("Enter")

    expect(page.get_by_role("textbox", name="Message")).to_be_visible()


def scope_of(url: str) -> list[str]:
    """What an authorization request asks for."""
    parts = urlsplit(url)
    return parse_qs(parts.query)["scope"] if parts.path.endswith("/authorize") else []
