"""What is deleted can be undone for ten seconds, and is deleted whatever becomes of the tab."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import (
    PATIENCE_MS,
    UNDO_MS,
    expect_level,
    expect_picture,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)
from tests.browser.test_accessibility import expect_no_violations
from tests.local_stack.testing import RunningStack

STORE = "localStorage.getItem('afterimage.deletions')"


@pytest.fixture
def page(
    stack: RunningStack,
    new_context: Callable[..., BrowserContext],
    sign_in_with: Callable[..., Page],
    name: str,
    chat: str,
) -> Page:
    """With one picture, and in a browser whose time can be put forward."""
    stack.gemini(text_ms=20, image_ms=50, script=[])
    context = new_context()
    context.clock.install()
    page = sign_in_with(context.new_page(), name, chat=chat)
    expect_level(page)
    say(page, "paint a fox")
    expect_picture(page)
    return page


def delete_picture(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Open large")).press("Enter")
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(page.locator(".tiles li")).to_have_count(0)


def pictures(stack: RunningStack, name: str) -> list[object]:
    found: list[object] = stack.http(name).get("/images").json()["images"]
    return found


def expect_deleted(page: Page, stack: RunningStack, name: str) -> None:
    for _ in range(PATIENCE_MS // 200):
        if pictures(stack, name) == []:
            return
        page.context.clock.fast_forward(1_000)
        page.wait_for_timeout(200)
    pytest.fail("The server was never told.")


def test_a_picture_comes_back_where_it_was(
    stack: RunningStack, sign_in: SignIn, page: Page, name: str, chat: str
) -> None:
    other = sign_in(name, chat=chat, beside=page)
    expect(other.locator(".tiles li")).to_have_count(1)
    watch_shifts(page)
    delete_picture(page)
    for tab in (page, other):
        expect(tab.locator(".tiles li")).to_have_count(0)
        expect(tab.locator("#log")).to_contain_text("This picture was deleted.")
    expect_no_violations(page, "a deletion that can be undone")
    other.reload()  # hidden there too, while it stands
    expect_level(other)
    expect(other.locator(".tiles li")).to_have_count(0)

    page.get_by_role("button", name="Undo").click()

    for tab in (page, other):
        expect(tab.locator(".tiles li")).to_have_count(1)
        expect(tab.locator("#log img.full")).to_have_count(1)
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    assert page.evaluate(STORE) is None
    page.context.clock.fast_forward(UNDO_MS)
    page.wait_for_timeout(500)
    assert len(pictures(stack, name)) == 1


def test_the_last_tab_tells_the_server_as_it_goes(
    stack: RunningStack, page: Page, name: str
) -> None:
    delete_picture(page)
    watcher = page.context.new_page()  # of this browser, but not of this page
    page.close()

    expect_deleted(watcher, stack, name)


def test_another_tab_tells_it_where_one_was_closed(
    stack: RunningStack, sign_in: SignIn, page: Page, name: str, chat: str
) -> None:
    other = sign_in(name, chat=chat, beside=page)
    expect_level(other)
    delete_picture(page)
    page.close()

    assert len(pictures(stack, name)) == 1
    expect_deleted(other, stack, name)
    expect(other.locator(".tiles li")).to_have_count(0)


def test_signing_out_tells_it_and_nobody_else_does(
    stack: RunningStack, page: Page, name: str, sign_in_with: Callable[..., Page]
) -> None:
    delete_picture(page)
    page.locator("#account-button").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert pictures(stack, name) == []
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.method))

    sign_in_with(page, f"bob-of-{name}")
    expect_level(page)
    page.context.clock.fast_forward(UNDO_MS)
    page.wait_for_timeout(500)

    assert "DELETE" not in asked


def test_what_another_person_left_is_not_sent_with_this_ones_token(
    stack: RunningStack,
    new_context: Callable[..., BrowserContext],
    sign_in_with: Callable[..., Page],
    name: str,
) -> None:
    page = new_context().new_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.method))
    page.goto(stack.url)
    left = '[{"path": "/images/01JABCDEFGHJKMNPQRSTVWXYZ0", "owner": "mallory", "at": 1}]'
    page.evaluate("left => localStorage.setItem('afterimage.deletions', left)", left)

    sign_in_with(page, name)
    expect_level(page)
    page.wait_for_timeout(500)

    assert "DELETE" not in asked
    assert "mallory" in page.evaluate(STORE)


def test_a_server_that_cannot_be_reached_is_told_later(
    stack: RunningStack, page: Page, name: str
) -> None:
    delete_picture(page)
    page.context.set_offline(True)
    page.context.clock.fast_forward(UNDO_MS)
    page.wait_for_timeout(500)
    expect(page.locator(".tiles li")).to_have_count(0)
    assert len(pictures(stack, name)) == 1

    page.context.set_offline(False)

    expect_deleted(page, stack, name)
