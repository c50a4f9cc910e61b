"""A conversation about pictures from end to end, in two tabs, over a line that breaks."""

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import SignIn
from tests.browser.people import PATIENCE_MS, UNDO_MS, expect_level, last_answer, say, skeleton
from tests.browser.test_attachments import bring, expect_up, picture
from tests.local_stack.testing import RunningStack

CHANNEL = re.compile(r"^wss?://")


def expect_pictures(tabs: list[Page], of_answers: list[int], in_the_gallery: int) -> None:
    """Every answer has its pictures, each once, in both tabs, and so has the gallery."""
    for tab in tabs:
        answers = tab.locator("#log .assistant")
        expect(answers).to_have_count(len(of_answers))
        for answer, count in zip(answers.all(), of_answers, strict=True):
            expect(answer).to_have_class(re.compile("complete image"))
            expect(answer.locator("img.full")).to_have_count(count)
        expect(tab.locator(".tiles li")).to_have_count(in_the_gallery)


def test_a_cat_by_night_and_four_woodcuts_of_a_photo(
    stack: RunningStack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=100, image_ms=1_000, drafts=1, script=[])
    page = sign_in(name, chat=chat)
    other = sign_in(name, chat=chat, beside=page)
    tabs = [page, other]
    lines: list[WebSocketRoute] = []

    def note(route: WebSocketRoute) -> None:
        route.connect_to_server()
        lines.append(route)

    for tab in tabs:
        tab.route_web_socket(CHANNEL, note)
        tab.reload()
        expect_level(tab)

    def cut() -> None:
        expect(skeleton(page)).not_to_have_count(0)
        for line in lines:
            line.close()
        lines.clear()

    say(page, "paint a cat")
    expect_pictures(tabs, [1], 1)
    say(page, "make it night")
    cut()
    expect_pictures(tabs, [1, 1], 2)
    bring(page, "drop", picture("teal", "photo.png", (640, 480)), target="#log")
    expect_up(page, 1)
    say(page, "four woodcuts of it")
    cut()
    expect_pictures(tabs, [1, 1, 4], 7)
    say(other, "the second one, but wider")
    expect_pictures(tabs, [1, 1, 4, 1], 8)
    for tab in tabs:
        tab.reload()
    expect_pictures(tabs, [1, 1, 4, 1], 8)

    page.clock.install()
    page.get_by_text("Brought", exact=True).click()
    expect(page.locator(".tiles li")).to_have_count(1)
    page.locator(".tiles li").get_by_role("button").click()
    page.locator("#viewer").get_by_role("button", name="Delete").click()
    page.get_by_text("All", exact=True).click()

    expect_pictures(tabs, [1, 1, 4, 1], 7)
    for tab in tabs:
        expect(tab.locator(".user .attachments")).to_have_text("Deleted.")
    page.clock.fast_forward(UNDO_MS)
    expect(page.locator("#undone")).to_be_hidden()
    api = stack.http(name)
    for _ in range(PATIENCE_MS // 100):  # the server is told
        messages = api.get(f"/chats/{chat}/messages").json()["messages"][::-1]
        if messages[4]["meta"]["attachments"] == [None]:
            break
        page.wait_for_timeout(100)
    assert [message["text"] for message in messages[::2]] == [
        "paint a cat", "make it night", "four woodcuts of it", "the second one, but wider",
    ]  # fmt: skip
    cat, night, woodcuts, wider = (message["meta"] for message in messages[1::2])
    assert messages[4]["meta"]["attachments"] == [None]
    [photo] = woodcuts["source_image_ids"]
    assert api.get(f"/images/{photo}").status_code == 404
    assert cat["source_image_ids"] == []
    assert night["source_image_ids"] == [cat["images"][0]["id"]]
    assert wider["source_image_ids"] == [woodcuts["images"][1]["id"]]
    assert wider["image"]["width"] > wider["image"]["height"]
    used = {"used": 7, "messages_used": 4, "uploads_used": 1, "provider_calls": 7, "painting": 0}
    assert api.get("/usage").json().items() >= used.items()
    expect(page.locator("#usage")).to_have_text(re.compile("^7 of"))
    expect(last_answer(page).get_by_role("button", name="Edit")).to_be_visible()
