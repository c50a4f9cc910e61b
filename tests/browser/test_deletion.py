"""What is deleted on the page is gone: here, in every other tab and browser, and on the server."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import UNDO_MS, expect_level, expect_picture, say
from tests.end_to_end.test_upload import PHOTO, put
from tests.local_stack.testing import RunningStack


@pytest.fixture
def tabs(stack: RunningStack, sign_in: SignIn, name: str, chat: str) -> list[Page]:
    """Two tabs of one browser and one of another, all of one person and in one chat."""
    stack.gemini(text_ms=20, image_ms=50, script=[])
    first = sign_in(name, chat=chat)
    pages = [first, sign_in(name, chat=chat, beside=first), sign_in(name, chat=chat)]
    for page in pages:
        expect_level(page)
    return pages


def tiles(page: Page) -> Locator:
    return page.locator(".tiles li")


def confirm(page: Page, label: str = "Delete") -> None:
    page.get_by_role("dialog").last.get_by_role("button", name=label, exact=True).click()


def test_pictures_a_chat_and_an_account(
    stack: RunningStack, tabs: list[Page], name: str, chat: str
) -> None:
    page, api = tabs[0], stack.http(name)
    for count, subject in enumerate(("a sunset", "a fox", "a lighthouse"), start=1):
        say(page, f"paint {subject}")
        expect_picture(page, count)
    page.clock.install()

    tiles(page).get_by_role("button", name=re.compile("fox")).click()
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(tiles(page)).to_have_count(2)
    page.clock.fast_forward(UNDO_MS)
    for tab in tabs:
        expect(tiles(tab)).to_have_count(2)
        expect(tab.locator("#log .picture")).to_have_count(2)
        expect(tab.get_by_text("This picture was deleted.")).to_be_visible()
    [first, second] = api.get("/images").json()["images"]
    assert ("lighthouse" in first["prompt"], "sunset" in second["prompt"]) == (True, True)

    page.get_by_role("button", name="Select").click()
    tiles(page).first.get_by_role("button").click()
    tiles(page).last.get_by_role("button").click()
    page.locator(".selection").get_by_role("button", name="Delete").click()
    confirm(page)
    tabs[1].reload()
    for tab in tabs:
        expect(tab.get_by_text("This picture was deleted.")).to_have_count(3)
        expect(tiles(tab)).to_have_count(0)
    assert api.get("/images").json()["images"] == []

    say(page, "paint a boat")
    for tab in tabs:
        expect(tab.locator("#chats li")).to_have_count(1)
        expect(tiles(tab)).to_have_count(1)
    entry = page.locator("#chats li")
    entry.hover()
    entry.get_by_role("button", name="Delete").click()
    expect(entry).to_have_count(0)
    page.clock.fast_forward(UNDO_MS)
    for tab in tabs:
        expect(tab.locator("#chats li")).to_have_count(0)
        expect(tab.locator(".message")).to_have_count(0)
        expect(tiles(tab)).to_have_count(0)
        expect(tab.locator("#title")).to_have_text("New chat")
        assert not tab.url.endswith(f"#{chat}")
    assert api.get("/chats").json()["chats"] == []
    assert api.get("/images").json()["images"] == []
    say(tabs[1], "paint a fox")  # in another chat, life goes on
    expect(tabs[2].locator("#chats li")).to_have_text(["paint a fox"])
    expect(tiles(tabs[2])).to_have_count(1)

    page.locator("#account-button").click()
    page.get_by_role("button", name="Delete my account…").click()
    confirm(page, "Delete everything")
    for tab in tabs:
        expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
        expect(tab.locator(".message, .tiles li, #chats li")).to_have_count(0)
    assert api.get("/chats").is_error


def test_it_is_said_what_stays(stack: RunningStack, sign_in: SignIn, name: str) -> None:
    """Of a chat that began without words, and has no title."""
    stack.gemini(text_ms=20, script=[])
    api, page = stack.http(name), None
    for count in (1, 2):
        photo = put(api, PHOTO).json()["image"]["id"]
        body = {"text": "", "image_ids": [photo]}
        api.post("/chats/c/messages", json=body).raise_for_status()
        page = page or sign_in(name)
        expect(tiles(page)).to_have_count(count)
        entry = page.locator("#chats li")
        expect(entry).to_have_text("New chat")

        entry.hover()
        entry.get_by_role("button", name="Delete").click()

        stays = ("The picture that you brought stays.", "The 2 pictures that you brought stay.")
        expect(page.locator("#undone")).to_contain_text(stays[count - 1])
        page.get_by_role("button", name="Undo").click()
        expect(entry).to_have_count(1)
