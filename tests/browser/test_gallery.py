"""The gallery: live, and light however many pictures there are."""

import re
from functools import partial
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.crowds import many_pictures, name_of, picture
from tests.browser.people import (
    Held,
    expect_level,
    expect_picture,
    say,
    settle,
    shifts,
    watch_shifts,
)
from tests.browser.test_accessibility import expect_no_violations


def tiles(page: Page) -> Locator:
    return page.locator(".tiles li")


SEARCH = "Search by words of the prompt"


def test_new_pictures_come_first_move_nothing_and_are_found(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    """By their words, as files, and by their message."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name, chat=chat)
    expect_level(page)
    search = page.get_by_role("searchbox", name=SEARCH)
    held = Held(page, "**/images?*q=*")
    search.fill("owl")
    reading = held.first()
    say(page, "paint an owl")  # it comes while the search is read
    expect(page.locator("#log img.full")).to_have_count(1)
    expect(tiles(page)).to_have_count(1)
    with page.expect_response("**/images?*q=*"):
        reading.fulfill(json={"images": [], "next_cursor": None})
    settle(page)
    expect(tiles(page)).to_have_count(1)
    held.let_go()
    search.fill("")

    watch_shifts(page)
    for count, subject in enumerate(("a sunset", "a fox", "a lighthouse"), start=2):
        say(page, f"paint {subject}")
        expect_picture(page, count)

    prompts = (
        tiles(page)
        .locator("button")
        .evaluate_all("buttons => buttons.map((button) => button.ariaLabel)")
    )
    assert [re.search("lighthouse|fox|sunset|owl", prompt)[0] for prompt in prompts] == [  # type: ignore[index]
        "lighthouse", "fox", "sunset", "owl",
    ]  # fmt: skip
    assert shifts(page) == [0, []]

    search.fill("FOX")
    expect(tiles(page)).to_have_count(1)
    expect(page.locator("#announcer")).to_have_text("1 picture")
    page.get_by_role("button", name=re.compile("Open large: .*sunset")).press("Enter")
    expect(page.locator("#viewer")).to_be_visible()
    page.keyboard.press("ArrowLeft")  # from one that is not among them
    expect(page.locator("#viewer .caption")).to_contain_text("fox")
    page.keyboard.press("Escape")
    search.fill("a walrus")
    expect(page.locator(".empty")).to_have_text("No picture has these words.")
    expect(tiles(page)).to_have_count(0)
    search.fill("")
    expect(tiles(page)).to_have_count(4)

    names: list[str] = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    page.get_by_role("button", name="Select").click()
    for number in (0, 1):
        tiles(page).nth(number).get_by_role("button").click()
    with page.expect_event("download", lambda _: len(names) == 2):
        page.locator(".selection").get_by_role("button", name="Download").click()
    assert len(set(names)) == 2

    page.locator("button.select").click()
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".message")).to_have_count(0)
    tiles(page).first.get_by_role("button").click()
    page.get_by_role("button", name="Show in chat").click()
    message = page.locator(".message.image").last
    expect(message).to_be_in_viewport()
    expect(message).to_be_focused()
    assert page.url.endswith(f"#{chat}/{message.get_attribute('data-id')}")


def test_somebody_who_looks_further_down_is_not_disturbed(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    """Nor who goes there by keys, quicker than frames are drawn."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name, prepare=lambda tab: many_pictures(tab, 300))
    tiles(page).get_by_role("button").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="picture 299", exact=True)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.evaluate("""() => {
        const down = () => new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
        for (let count = 0; count < 20; count++) document.activeElement.dispatchEvent(down());
    }""")
    number = page.evaluate("document.activeElement.ariaLabel").split()[1]
    assert int(number) <= 300 - 2 * 20
    expect(page.get_by_role("button", name=f"picture {number}", exact=True)).to_be_in_viewport()

    page.locator(".tiles").evaluate("scroller => scroller.scrollTo(0, 2000)")
    seen = page.get_by_role("button", name="picture 270", exact=True)
    expect(seen).to_be_in_viewport()
    box = seen.bounding_box()
    say(page, "paint a sunset over the sea")
    pill = page.get_by_role("button", name="1 new picture")
    expect(pill).to_be_visible()
    assert seen.bounding_box() == box
    pill.click()
    expect(page.locator(".tiles").get_by_role("button", name=re.compile("sunset"))).to_be_visible()
    expect(pill).to_be_hidden()


def test_several_are_chosen_and_deleted_after_a_question(sign_in: SignIn, name: str) -> None:
    """But not what a search leaves out."""
    page = sign_in(name, prepare=lambda tab: many_pictures(tab, 12))
    expect(tiles(page)).to_have_count(12)
    page.get_by_role("button", name="Select").click()
    tiles(page).first.get_by_role("button").click()
    chosen = page.locator(".selection [role=status]")
    expect(chosen).to_have_text("1 selected")
    only = {"images": [picture(1)], "next_cursor": None}
    page.route("**/images?*q=*", lambda route: route.fulfill(json=only))
    page.get_by_role("searchbox", name=SEARCH).fill("picture 1")
    expect(tiles(page)).to_have_count(1)
    expect(chosen).to_have_text("0 selected")
    page.get_by_role("searchbox", name=SEARCH).fill("")
    expect(tiles(page)).to_have_count(12)

    deleted: list[str] = []

    def delete(route: Route) -> None:
        deleted.append(route.request.url.rsplit("/", 1)[1])
        route.fulfill(status=204)

    page.route("**/images/*", delete)
    for number in (12, 7):
        page.get_by_role("button", name=f"picture {number}", exact=True).click()
    expect(chosen).to_have_text("2 selected")
    page.locator(".selection").get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Delete these 2 pictures?")
    question.get_by_role("button", name="Delete").click()

    expect(tiles(page)).to_have_count(10)
    assert deleted == [name_of(number) for number in (12, 7)]
    expect(chosen).to_have_text("0 selected")


def test_five_thousand_pictures_are_scrolled_end_to_end(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    many = partial(many_pictures, count=5_000, is_inline=True)
    page = sign_in(name, prepare=many)
    page.evaluate("location.hash = '#/pictures'")
    expect(tiles(page).first).to_be_visible()

    most = page.evaluate("""async () => {
        const scroller = document.querySelector(".tiles");
        let most = 0;
        while (!scroller.querySelector("[aria-label='picture 1']")) {
            scroller.scrollTop += 2100;
            await new Promise(requestAnimationFrame);
            most = Math.max(most, scroller.querySelectorAll("li").length);
        }
        return most;
    }""")

    assert most < 250


def brought(number: int) -> dict[str, object]:
    """A picture that its owner brought."""
    own = {"origin": "upload", "prompt": "", "message_id": None, "chat_id": None}
    return picture(number) | own | {"created_at": "2026-11-20T10:00:00.000Z"}


def show_pictures(page: Page, *images: dict[str, object]) -> None:
    many_pictures(page, 0)  # serves their files
    page.route("**/images?*", lambda r: r.fulfill(json={"images": [*images], "next_cursor": None}))
    page.reload()
    expect(tiles(page)).to_have_count(len(images))


def test_a_brought_picture_has_no_prompt_and_an_edit_its_source(sign_in: SignIn, name: str) -> None:
    """The edit is compared by keys, and shown alone where its source is gone."""
    own = {"origin": "upload", "prompt": "", "message_id": None, "chat_id": None}
    edit = picture(3) | {"source_image_ids": [name_of(1), name_of(2)]}
    gone = picture(5) | {"source_image_ids": [name_of(9)]}
    images = [gone, edit, picture(2), picture(1), picture(0) | own]
    errors: list[str] = []

    def serve(tab: Page) -> None:
        many_pictures(tab, 0)  # serves their files
        tab.route("**/images?*", lambda r: r.fulfill(json={"images": images, "next_cursor": None}))
        tab.on("pageerror", lambda error: errors.append(str(error)))

    page = sign_in(name, prepare=serve)
    expect(tiles(page)).to_have_count(len(images))

    page.get_by_role("button", name="Brought on 20 November 2026").click()
    viewer = page.get_by_role("dialog", name="Picture")
    caption = viewer.locator(".caption")
    of_chats = viewer.get_by_role("button", name=re.compile("Show in chat|Copy prompt"))
    expect(caption).to_have_text("Brought on 20 November 2026")
    expect(of_chats).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(of_chats).to_have_count(2)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="picture 3").click()
    slider = page.get_by_role("slider", name="Compare with the picture before")
    source = page.locator("#viewer .source")
    expect(source.locator("img.full.shown")).to_be_attached()
    expect(source).to_have_css("clip-path", "inset(0px 100% 0px 0px)")
    expect_no_violations(page, "an edit, large")
    slider.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("picture 3")  # the keys were the slider's
    expect(slider).to_have_attribute("aria-valuetext", "30 % before")
    expect(source).to_have_css("clip-path", "inset(0px 70% 0px 0px)")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("picture 2")
    expect(slider).to_have_count(0)
    page.keyboard.press("Escape")

    with page.expect_response(re.compile(f"/images/{name_of(9)}$")) as answer:
        page.get_by_role("button", name="picture 5").click()
    assert answer.value.status == 404
    expect(page.locator("#viewer img.full.shown")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_count(0)
    assert errors == []
    page.keyboard.press("Escape")

    # A search reads on until it has found something.
    found: dict[str | None, dict[str, object]] = {
        None: {"images": [], "next_cursor": "b"},
        "b": {"images": [], "next_cursor": "c"},
        "c": {"images": [], "next_cursor": "d"},
        "d": {"images": [picture(7) | {"prompt": "an owl"}], "next_cursor": None},
    }

    def fulfil(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        if "q" not in query:
            route.fulfill(json={"images": [], "next_cursor": None})
        else:
            route.fulfill(json=found[query.get("cursor", [None])[0]])

    page.route("**/images?*", fulfil)
    page.get_by_role("searchbox", name=SEARCH).fill("owl")
    expect(tiles(page)).to_have_count(1)
