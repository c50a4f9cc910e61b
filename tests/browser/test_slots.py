"""Several pictures of one answer: each in its place, which nothing moves."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    expect_level,
    last_answer,
    say,
    shifts,
    wait_for_glides,
    watch_shifts,
)
from tests.browser.test_accessibility import expect_no_violations
from tests.support.painting import wait_until_the_model_paints

MINUTE_MS = 60_000


@pytest.fixture
def word() -> str:
    """Tells this test's calls of the simulator from all others."""
    return f"w{uuid.uuid4().hex[:8]}"


def painting(word: str, *delays_ms: int) -> list[dict[str, object]]:
    """One call of the painter after another takes so long."""
    return [{"on": "image", "delay_ms": delay, "match": word} for delay in delays_ms]


def places(page: Page) -> Locator:
    return page.locator("#log .pictures .picture")


def boxes(page: Page) -> Any:
    """Where each place is, from the first, and how large."""
    return page.locator("#log .pictures").last.evaluate(
        """grid => [...grid.children].map((place) =>
            [place.offsetLeft - grid.offsetLeft, place.offsetTop - grid.offsetTop,
             place.offsetWidth, place.offsetHeight])"""
    )


def expect_pictures(page: Page, count: int) -> None:
    expect(page.locator("#log .pictures img.full.shown")).to_have_count(count)


def expect_note(page: Page, text: str) -> None:
    expect(last_answer(page).locator(".note")).to_have_text(text)


def test_pictures_come_one_by_one_and_move_nothing(
    stack: Stack, sign_in: SignIn, name: str, word: str
) -> None:
    page = sign_in(name, chat="2")
    narrow = sign_in(name, chat="2", beside=page)
    widths = {page: 1280, narrow: 320}
    for tab, width in widths.items():
        tab.set_viewport_size({"width": width, "height": 800})
    for count in (2, 3, 4):
        delays = [*(300 * step for step in range(1, count)), 4_000]
        stack.gemini(text_ms=300, drafts=1, script=painting(word, *delays))
        for tab in widths:
            tab.evaluate("chat => location.hash = chat", str(count))
            expect(places(tab)).to_have_count(0)
            expect_level(tab)
        come_one_by_one(page, widths, count, word)


def come_one_by_one(page: Page, widths: dict[Page, int], count: int, word: str) -> None:
    say(page, f"paint {count} pictures of a {word} fox, 3:2")
    for tab in widths:
        watch_shifts(tab)  # from here on: while it is written, the composer may grow

    for tab in widths:
        expect(places(tab)).to_have_count(count)
    was = {tab: boxes(tab) for tab in widths}
    for shapes in was.values():
        assert [shape[2] / shape[3] for shape in shapes] == pytest.approx([1.5] * count, rel=0.02)
    some = re.compile(rf"[1-9] of {count} done")
    expect(last_answer(page)).to_contain_text(some)
    say(page, "Hello!")  # not in the narrow one: its composer loses a line while it is written
    for tab, width in widths.items():
        expect_pictures(tab, count)
        wait_for_glides(tab)
        assert boxes(tab) == was[tab]
        assert shifts(tab) == [0, []]
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for tab in widths:
        tab.reload()
        expect_pictures(tab, count)
        for box, before in zip(boxes(tab), was[tab], strict=True):
            assert box == pytest.approx(before, abs=4)  # the shape is the files' own now


def test_each_place_has_its_own_preview(
    stack: Stack, sign_in: SignIn, name: str, word: str
) -> None:
    stack.gemini(text_ms=20, drafts=1, script=painting(word, 5_000, 5_000))
    page = sign_in(name)

    say(page, f"paint 2 pictures of a {word} fox")

    with_preview = page.locator(".pictures .picture:has(img.preview)")
    expect(with_preview).to_have_count(2)
    expect_pictures(page, 2)


def test_one_that_fails_or_is_deleted_keeps_its_place_and_is_tried_alone(
    stack: Stack, sign_in: SignIn, name: str, word: str
) -> None:
    refusal = {"on": "image", "finish_reason": "IMAGE_SAFETY", "match": word}
    stack.gemini(text_ms=20, image_ms=600, script=[refusal])
    page = sign_in(name)
    expect_level(page)
    watch_shifts(page)

    say(page, f"paint 4 pictures of a {word} fox")

    expect_pictures(page, 3)
    declined = "The model declined this request. Try to describe something else."
    expect(page.locator(".pictures .said")).to_have_text(declined)
    expect_note(page, f"3 of 4 pictures were painted. {declined}")
    expect(page.locator("#announcer")).to_have_text(re.compile("3 of 4 pictures ready: .*fox"))
    was = boxes(page)
    kept = page.locator(".pictures img.full").evaluate_all("all => all.map(({ src }) => src)")
    expect_no_violations(page, "one of four failed")

    last_answer(page).get_by_role("button", name="Try again").press("Enter")

    expect_pictures(page, 4)
    assert boxes(page) == was
    now = page.locator(".pictures img.full").evaluate_all("all => all.map(({ src }) => src)")
    assert set(kept) < set(now)
    expect_note(page, "")
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    expect(page.locator("#usage")).to_have_text(re.compile("^4 of"))

    page.get_by_role("button", name=re.compile("Open large, 2 of 4: .*fox")).press("Enter")
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(places(page).nth(1)).to_have_text("Deleted.")
    expect_pictures(page, 3)
    assert boxes(page) == was


def test_cancel_ends_what_is_open_and_says_what_counts(
    stack: Stack, sign_in: SignIn, name: str, chat: str, word: str
) -> None:
    begun = word[::-1]
    delays = painting(word, 100, 100, MINUTE_MS, MINUTE_MS)
    stack.gemini(text_ms=20, script=[*painting(begun, MINUTE_MS), *delays])
    page = sign_in(name, chat=chat)
    other = sign_in(name, chat=chat, beside=page)
    say(page, f"paint a {begun} fox")
    expect(places(page)).to_have_count(1)
    wait_until_the_model_paints(stack, begun)
    page.get_by_role("button", name="Cancel").click()
    expect_note(page, "Cancelled. Its painting had begun, so it counts for today.")

    say(page, f"paint four pictures of a {word} fox")
    expect_pictures(page, 2)
    was = boxes(page)

    page.get_by_role("button", name="Cancel").press("Enter")

    for tab in (page, other):
        expect_note(
            tab,
            "2 of 4 pictures were painted. The rest was cancelled. "
            "The painting of 2 had begun: they count for today.",
        )
        expect(tab.locator(".pictures .said")).to_have_text(["Cancelled."] * 2)
        expect_pictures(tab, 2)
        expect(tab.locator("#usage")).to_contain_text("5 of")
    assert boxes(page) == was
    stack.gemini(script=[], image_ms=100)
    last_answer(page).get_by_role("button", name="Try again").click()
    expect_pictures(page, 4)
    assert boxes(page) == was


def test_what_comes_unasked_stands_below_and_is_not_counted(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=1_500, pictures=3, script=[])
    page = sign_in(name)
    expect_level(page)
    watch_shifts(page)
    say(page, "paint a fox")
    expect(places(page)).to_have_count(1)
    was = boxes(page)

    more = page.locator(".more .picture")
    expect(more).to_have_count(2)

    stack.gemini(pictures=1)
    assert boxes(page) == was
    expect_note(page, "2 more came unasked: they are not counted.")
    expect(page.locator("#usage")).to_contain_text("1 of")
    wait_for_glides(page)
    assert shifts(page) == [0, []]
    more.last.get_by_role("button", name="Open large, 2 of 2").press("Enter")
    expect(page.locator("#viewer img.full.shown")).to_be_visible()


def change_answers(page: Page, change: Callable[[Any, Any], None]) -> None:
    """From a reload on, `change(question, answer)` is made to the last of each that are read."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        page_of_chat = response.json()
        answer, question = page_of_chat["messages"][:2]
        change(question["meta"], answer["meta"])
        route.fulfill(response=response, json=page_of_chat)

    page.route("**/chats/*/messages?*", fulfil)
    page.reload()


def test_what_is_told_of_a_picture_beside_itself(stack: Stack, sign_in: SignIn, name: str) -> None:
    """In the composer, of an edit that begins, of one that came otherwise, and of attachments."""
    stack.gemini(text_ms=20, image_ms=50, script=[])
    page = sign_in(name)
    say(page, "paint a fox, 16:9")
    expect_pictures(page, 1)
    expect_note(page, "")
    tiles = page.locator("#attachments .tile")

    last_answer(page).get_by_role("button", name="Edit").press("Enter")
    expect(tiles).to_have_count(1)
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    tiles.get_by_role("button").click()
    page.evaluate("location.hash = '#/pictures'")
    page.locator(".tiles li button").first.click()
    page.locator("#viewer").get_by_role("button", name="Edit").click()
    expect(tiles).to_have_count(1)
    expect(tiles).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    tiles.get_by_role("button").click()

    change_answers(page, lambda _, answer: answer.update(aspect_ratio="21:9", image_size="4K"))
    difference = re.compile(r"^Asked for 21:9 and 4K, came as \d+ × \d+\.$")
    expect(last_answer(page).locator(".note")).to_have_text(difference)
    page.get_by_role("button", name="Open large").press("Enter")
    expect(page.locator("#viewer .facts")).to_have_text(difference)

    def begin(_: Any, answer: Any) -> None:
        source = answer["image"]["id"]
        waiting = {"image": None, "image_deleted": False, "charged": True, "error": None}
        slot = {"id": "01M00000000000000000000000", "status": "generating"} | waiting
        answer.update(status="generating", aspect_ratio=None, image=None, images=[slot])
        answer.update(source_image_ids=[source])

    change_answers(page, begin)
    expect(places(page)).to_have_attribute("aria-busy", "true")
    [(_, _, width, height)] = boxes(page)
    assert width / height == pytest.approx(16 / 9, rel=0.03)

    change_answers(
        page, lambda question, answer: question.update(attachments=[answer["image"], None])
    )
    attached = page.locator(".user .attachments .picture")
    expect(attached).to_have_text(["", "Deleted."])
    expect(attached.locator("img.thumbnail.shown")).to_be_visible()
    expect_no_violations(page, "a question with attachments")
    attached.get_by_role("button", name="Open large").press("Enter")
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(attached).to_have_text(["Deleted.", "Deleted."])
