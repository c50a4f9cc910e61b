"""What is deleted can be undone for ten seconds, and is deleted whatever becomes of the tab."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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
from tests.end_to_end.test_upload import PHOTO, put
from tests.local_stack.testing import RunningStack

STORE = "localStorage.getItem('afterimage.deletions')"


@pytest.fixture
def page(sign_in: SignIn, stack: RunningStack, name: str, chat: str) -> Page:
    """With one picture, and in a browser whose time can be put forward."""
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name, chat=chat, prepare=lambda tab: tab.context.clock.install())
    expect_level(page)
    say(page, "paint a fox")
    expect_picture(page)
    return page


def delete_picture(page: Page) -> None:
    page.locator(".tiles li button").click()
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(page.locator(".tiles li")).to_have_count(0)


def bring(stack: RunningStack, name: str, *tabs: Page) -> None:
    """Another picture, that they all show."""
    put(stack.http(name), PHOTO).raise_for_status()
    for tab in tabs:
        expect(tab.locator(".tiles li")).to_have_count(1)


def pictures(stack: RunningStack, name: str) -> list[object]:
    found: list[object] = stack.http(name).get("/images").json()["images"]
    return found


def expect_deleted(page: Page, stack: RunningStack, name: str) -> None:
    api = stack.http(name)
    for _ in range(PATIENCE_MS // 200):
        if api.get("/images").json()["images"] == []:
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


def test_the_server_is_told_by_whichever_tab_is_left(
    stack: RunningStack, sign_in: SignIn, page: Page, name: str, chat: str
) -> None:
    delete_picture(page)
    page.context.set_offline(True)
    page.context.clock.fast_forward(UNDO_MS)
    page.wait_for_timeout(500)
    expect(page.locator(".tiles li")).to_have_count(0)
    assert len(pictures(stack, name)) == 1
    page.context.set_offline(False)
    expect_deleted(page, stack, name)  # later, then

    other = sign_in(name, chat=chat, beside=page)
    expect_level(other)
    bring(stack, name, page, other)
    delete_picture(page)
    page.close()
    assert len(pictures(stack, name)) == 1
    expect_deleted(other, stack, name)
    expect(other.locator(".tiles li")).to_have_count(0)

    bring(stack, name, other)
    delete_picture(other)
    watcher = other.context.new_page()  # of this browser, but not of this page
    other.close()
    expect_deleted(watcher, stack, name)


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
    left = '[{"path": "/images/01JABCDEFGHJKMNPQRSTVWXYZ0", "owner": "mallory", "at": 1}]'
    page.evaluate("left => localStorage.setItem('afterimage.deletions', left)", left)

    sign_in_with(page, f"bob-of-{name}")
    expect_level(page)
    page.context.clock.fast_forward(UNDO_MS)
    page.wait_for_timeout(500)

    assert "DELETE" not in asked  # not with this one's token
    assert "mallory" in page.evaluate(STORE)
