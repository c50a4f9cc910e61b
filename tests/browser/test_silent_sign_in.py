"""Signed in once a browser: a further tab asks the issuer silently, once, and takes its no."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import Held, expect_level


def asked(context: BrowserContext) -> list[list[str]]:
    """The prompts of the authorization requests from here on, and whether each was a frame's."""
    prompts: list[list[str]] = []

    def note(url: str, is_framed: bool) -> None:
        parts = urlsplit(url)
        if parts.path.endswith("/authorize"):
            assert not is_framed
            prompts.append(parse_qs(parts.query).get("prompt", []))

    context.on(
        "request",
        lambda request: (
            note(request.url, request.frame.parent_frame is not None)
            if request.is_navigation_request()
            else None
        ),
    )
    return prompts


def another_tab(page: Page, chat: str = "") -> Page:
    tab = page.context.new_page()
    tab.goto(f"{page.url.partition('#')[0]}#{chat}")
    return tab


def expect_the_button(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_another_tab_is_signed_in_by_one_redirect_and_shows_its_chat(
    sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name, chat=chat)
    prompts = asked(page.context)

    other = another_tab(page, chat)

    expect(other.get_by_role("textbox", name="Message")).to_be_visible()
    assert other.url.endswith(f"/#{chat}")
    assert prompts == [["none"]]
    assert other.evaluate("document.querySelectorAll('iframe').length") == 0
    other.close()

    # The page stands before it is known who is there, and invites once it has read.
    box, invitation = page.get_by_role("textbox", name="Message"), page.locator(".invitation")
    nothing = page.get_by_text("Your pictures will gather here.")
    expect(invitation).to_be_visible()  # what was asked for before the reload is not held
    token, messages = Held(page, "**/token"), Held(page, f"**/chats/{chat}/messages?*")

    page.reload()
    exchange = token.first()

    expect(page.locator("#side")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()
    expect(box).to_be_hidden()
    expect(invitation).to_be_hidden()
    exchange.continue_()
    reading = messages.first()
    expect(box).to_be_editable()
    expect(invitation).to_be_hidden()
    expect(nothing).to_be_hidden()
    reading.continue_()
    expect(invitation).to_be_visible()
    expect(nothing).to_be_visible()
    expect(page.get_by_role("heading", name="New chat")).to_be_visible()


def test_who_was_never_here_is_not_asked_about(
    stack: Stack, new_context: Callable[[], BrowserContext]
) -> None:
    context = new_context()
    prompts = asked(context)
    page = context.new_page()

    page.goto(stack.url)

    expect_the_button(page)
    assert prompts == []


def test_an_issuer_that_says_no_is_asked_once(sign_in: SignIn, name: str) -> None:
    """As one that shows a page of its own: it does not know `prompt=none`, or says what is wrong
    to people instead of to us."""
    page = sign_in(name)
    prompts = asked(page.context)
    for error in ("login_required", "interaction_required", "server_error"):
        says_no = partial(redirect_with, error)
        page.context.route("**/authorize?*", says_no)
        other = another_tab(page)
        expect_the_button(other)
        expect(other.locator("#welcome-notice")).to_be_empty()
        other.reload()
        expect_the_button(other)
        further = another_tab(page)
        expect_the_button(further)
        assert prompts == [["none"]]
        page.context.unroute("**/authorize?*", says_no)
        for tab in (other, further):
            tab.close()
        page.evaluate("localStorage.setItem('afterimage.known', 'yes')")
        prompts.clear()

    page.context.route("**/authorize?*", lambda route: route.fulfill(body="Who are you?"))
    home = page.url
    other = another_tab(page)
    expect(other.get_by_text("Who are you?")).to_be_visible()
    other.goto(home)
    expect_the_button(other)
    expect_the_button(another_tab(page))
    assert prompts == [["none"]]


def redirect_with(error: str, route: Route) -> None:
    [state] = parse_qs(urlsplit(route.request.url).query)["state"]
    route.fulfill(status=303, headers={"location": f"/?error={error}&state={state}"})


def test_nobody_is_signed_in_silently_after_a_sign_out(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    other = sign_in(name, beside=page)
    expect_level(other)
    prompts = asked(page.context)

    page.locator("#account-button").click()
    page.get_by_role("button", name="Sign out").click()

    for tab in (page, other):
        expect_the_button(tab)
        expect(tab.locator("#app")).to_be_hidden()
    expect_the_button(another_tab(page))
    assert prompts == []
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("textbox")).to_be_visible()
    assert "/authorize" in other.url  # the issuer asks who it is
