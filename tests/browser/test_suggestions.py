"""The welcome: what the operator suggests, as pictures, and asked by one click."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.crowds import picture
from tests.browser.people import (
    Held,
    expect_level,
    posts_of,
    settle,
    shifts,
    watch_shifts,
    with_motion,
)

TEXT = "A fox in the snow"
FOX = {
    "id": "6f1d2b0c9a7e4835",
    "text": TEXT,
    "aspect_ratio": "3:2",
    "thumbnail_url": "/static/icon.svg",
    "color": "#aabbcc",
    "thumbhash": None,
    "ready": True,
}
BOAT = {**FOX, "id": "0123456789abcdef", "text": "A boat", "thumbnail_url": None, "color": None}

HASH = "1QcSHQRnh493V4dIh4eXh1h4kJUI"
A_PICTURE = re.compile("^url\\(.data:image/png;base64,")

DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'

Welcome = Callable[[Callable[[Route], Any]], Page]


@pytest.fixture
def welcome(sign_in: SignIn, name: str) -> Welcome:
    """A new chat of somebody, where `GET /suggestions` is answered so."""
    return lambda answer: sign_in(name, prepare=lambda tab: tab.route("**/suggestions", answer))


def suggested(route: Route) -> None:
    route.fulfill(json={"suggestions": [FOX, BOAT]})


def test_a_suggestion_is_asked_once_however_it_is_chosen(stack: Stack, welcome: Welcome) -> None:
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = welcome(suggested)
    fox = page.get_by_role("button", name=TEXT)
    expect(fox.locator("img")).to_have_count(1)
    expect(fox).to_have_css("background-color", "rgb(170, 187, 204)")
    asked = posts_of(page)
    log = page.locator("#log .message")

    def by_finger() -> None:
        fox.dispatch_event("pointerdown", {"pointerType": "touch", "button": 0})
        expect(log).to_have_count(0)
        fox.dispatch_event("click")

    for count, choose in enumerate((fox.click, lambda: fox.press("Enter"), by_finger), start=1):
        with page.expect_response("**/messages"):
            choose()
        expect(log.first).to_contain_text(TEXT)
        expect(fox).to_be_hidden()
        body = asked.pop()
        assert asked == [], count
        assert body.pop("id")
        assert body == {"text": TEXT, "aspect_ratio": "3:2", "suggestion_id": FOX["id"]}
        page.get_by_role("button", name="New chat").click()
        expect(log).to_have_count(0)

    held = Held(page, "**/messages")
    fox.hover()
    page.mouse.down()  # a mouse asks while it is still pressed
    assert json.loads(held.first().request.post_data or "")["suggestion_id"] == FOX["id"]
    expect(log.first).to_contain_text(TEXT)


def test_they_come_without_a_shift_and_blurred_until_a_sample_is_there(welcome: Welcome) -> None:
    held: list[Route] = []
    page = welcome(lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
    expect_level(page)
    watch_shifts(page)
    for route in held:
        route.fulfill(json={"suggestions": [FOX | {"thumbhash": HASH}, BOAT]})

    expect(page.locator(".suggestion")).to_have_count(2)
    settle(page)
    assert shifts(page) == [0, []]
    fox = page.get_by_role("button", name=TEXT)
    expect(fox).to_have_css("background-image", A_PICTURE)


def test_a_picture_is_blurred_until_it_is_there_and_no_longer(sign_in: SignIn, name: str) -> None:
    """One that covers no other does not fade in."""
    of_one = picture(1) | {"thumbhash": HASH}
    held: list[Held] = []

    def serve(tab: Page) -> None:
        only = {"images": [of_one], "next_cursor": None}
        tab.route("**/images?*", lambda route: route.fulfill(json=only))
        held.append(Held(tab, "**/cdn/many/1.webp"))
        with_motion(tab)

    page = sign_in(name, prepare=serve)
    page.evaluate("location.hash = '#/pictures'")
    box = page.locator(".tiles .picture")
    expect(box).to_have_css("background-image", A_PICTURE)
    held[0].first().fulfill(body=DRAWN, content_type="image/svg+xml")
    expect(box).to_have_css("background-image", "none")
    expect(box.locator("img")).to_have_css("transition-duration", "0s")


def test_without_any_there_are_words_to_begin_with(welcome: Welcome) -> None:
    page = welcome(lambda route: route.fulfill(json={"suggestions": []}))

    expect(page.locator("#suggestions button")).to_have_count(3)
    expect(page.locator(".suggestion")).to_have_count(0)
