"""The gallery shows what was painted, what was brought, or both."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import expect_picture, say, shifts, watch_shifts
from tests.browser.test_accessibility import expect_no_violations
from tests.browser.test_attachments import bring, expect_up, picture
from tests.browser.test_gallery import tiles


@pytest.fixture
def page(stack: Stack, sign_in: SignIn, name: str) -> Page:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    say(page, "paint a fox")
    expect_picture(page)
    return page


def test_it_is_filtered_by_origin_beside_words_and_lives_on(page: Page) -> None:
    group = page.get_by_role("group", name="Which pictures")
    watch_shifts(page)
    group.get_by_text("Brought").click()
    expect(page.locator(".empty")).to_have_text("No picture was brought yet.")

    bring(page, "paste", picture("red"))
    expect_up(page, 1)
    expect(tiles(page)).to_have_count(1)
    say(page, "paint a boat")
    expect(page.locator("#log img.full")).to_have_count(2)
    expect(tiles(page).get_by_role("button")).to_have_attribute("aria-label", re.compile("Brought"))
    expect_no_violations(page, "pictures of one origin")
    group.get_by_role("radio", name="Brought").press("ArrowLeft")
    expect(tiles(page)).to_have_count(2)
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("fox")

    expect(tiles(page)).to_have_count(1)
    group.get_by_text("Brought").click()
    expect(page.locator(".empty")).to_have_text("No picture has these words.")
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("")
    expect(tiles(page)).to_have_count(1)
    group.get_by_text("All").click()
    expect(tiles(page)).to_have_count(3)
    page.wait_for_timeout(300)
    assert shifts(page) == [0, []]


def test_what_is_not_of_that_origin_is_not_chosen_any_more(page: Page) -> None:
    page.get_by_role("button", name="Select").click()
    tiles(page).first.get_by_role("button").click()
    expect(page.locator(".selection [role=status]")).to_have_text("1 selected")

    with page.expect_response("**/images?*origin=upload*"):
        page.get_by_role("group", name="Which pictures").get_by_text("Brought").click()

    expect(page.locator(".selection [role=status]")).to_have_text("0 selected")
