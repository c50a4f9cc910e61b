"""The welcome: what the operator suggests, as pictures, and asked by one click."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.browser.crowds import many_pictures, picture
from tests.browser.people import Held, shifts, watch_shifts, with_motion

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
def welcome(
    new_context: Callable[[], BrowserContext], sign_in_with: Callable[..., Page], name: str
) -> Welcome:
    """A new chat of somebody, where `GET /suggestions` is answered so."""

    def welcome(answer: Callable[[Route], Any]) -> Page:
        page = new_context().new_page()
        page.route("**/suggestions", answer)
        return sign_in_with(page, name)

    return welcome


def suggested(route: Route) -> None:
    route.fulfill(json={"suggestions": [FOX, BOAT]})


@pytest.mark.parametrize("by", ["mouse", "keyboard", "finger"])
def test_a_suggestion_is_asked_once_however_it_is_chosen(welcome: Welcome, by: str) -> None:
    page = welcome(suggested)
    fox = page.get_by_role("button", name=TEXT)
    expect(fox.locator("img")).to_have_count(1)
    expect(fox).to_have_css("background-color", "rgb(170, 187, 204)")
    asked: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/messages"):
            asked.append(json.loads(request.post_data or ""))

    page.on("request", note)

    match by:
        case "mouse":
            fox.click()
        case "keyboard":
            fox.press("Enter")
        case "finger":
            fox.dispatch_event("pointerdown", {"pointerType": "touch", "button": 0})
            expect(page.locator("#log .message")).to_have_count(0)
            fox.dispatch_event("click")

    expect(page.locator("#log .message").first).to_contain_text(TEXT)
    expect(fox).to_be_hidden()
    page.wait_for_timeout(300)
    (body,) = asked
    assert body.pop("id")
    assert body == {"text": TEXT, "aspect_ratio": "3:2", "suggestion_id": FOX["id"]}


def test_a_mouse_asks_while_it_is_still_pressed(welcome: Welcome) -> None:
    page = welcome(suggested)
    asked = Held(page, "**/messages")
    page.get_by_role("button", name=TEXT).hover()

    page.mouse.down()

    assert json.loads(asked.first().request.post_data or "")["suggestion_id"] == FOX["id"]
    expect(page.locator("#log .message").first).to_contain_text(TEXT)


def test_until_it_is_there_a_sample_is_blurred(welcome: Welcome) -> None:
    page = welcome(lambda route: route.fulfill(json={"suggestions": [FOX | {"thumbhash": HASH}]}))

    fox = page.get_by_role("button", name=TEXT)
    expect(fox).to_have_css("background-image", A_PICTURE)


def test_a_picture_is_blurred_until_it_is_there_and_no_longer(welcome: Welcome) -> None:
    page = welcome(suggested)
    of_one = picture(1) | {"thumbhash": HASH}
    page.route(
        "**/images?*", lambda route: route.fulfill(json={"images": [of_one], "next_cursor": None})
    )
    thumbnails = Held(page, "**/cdn/many/1.webp")

    page.evaluate("location.hash = '#/pictures'")
    page.reload()

    box = page.locator(".tiles .picture")
    expect(box).to_have_css("background-image", A_PICTURE)
    thumbnails.first().fulfill(body=DRAWN, content_type="image/svg+xml")
    expect(box).to_have_css("background-image", "none")


def test_a_picture_that_covers_no_other_does_not_fade_in(welcome: Welcome) -> None:
    page = welcome(suggested)
    many_pictures(page, 2, is_inline=True)
    with_motion(page)

    page.evaluate("location.hash = '#/pictures'")
    page.reload()

    first = page.locator(".tiles img").first
    expect(first).to_have_css("transition-duration", "0s")


def test_they_come_without_a_shift(welcome: Welcome) -> None:
    held: list[Route] = []
    page = welcome(lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no builtin
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    page.wait_for_timeout(500)
    watch_shifts(page)

    for route in held:
        suggested(route)

    expect(page.locator(".suggestion")).to_have_count(2)
    page.wait_for_timeout(200)
    assert shifts(page) == [0, []]


def test_without_any_there_are_words_to_begin_with(welcome: Welcome) -> None:
    page = welcome(lambda route: route.fulfill(json={"suggestions": []}))

    expect(page.locator("#suggestions button")).to_have_count(3)
    expect(page.locator(".suggestion")).to_have_count(0)
