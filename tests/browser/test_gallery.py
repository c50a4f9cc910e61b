"""The gallery: live, and light however many pictures there are."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.crowds import many_pictures, name_of, picture
from tests.browser.people import (
    Held,
    expect_level,
    expect_picture,
    say,
    shifts,
    watch_shifts,
)
from tests.browser.test_accessibility import expect_no_violations


def tiles(page: Page) -> Locator:
    return page.locator(".tiles li")


def test_new_pictures_come_first_and_move_nothing(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    expect_level(page)
    watch_shifts(page)

    for count, subject in enumerate(("a sunset", "a fox", "a lighthouse"), start=1):
        say(page, f"paint {subject}")
        expect_picture(page, count)

    prompts = (
        tiles(page)
        .locator("button")
        .evaluate_all("buttons => buttons.map((button) => button.ariaLabel)")
    )
    assert [re.search("lighthouse|fox|sunset", prompt)[0] for prompt in prompts] == [  # type: ignore[index]
        "lighthouse", "fox", "sunset",
    ]  # fmt: skip
    assert shifts(page) == [0, []]


def test_somebody_who_looks_further_down_is_not_disturbed(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    many_pictures(page, 300)
    page.reload()
    expect(tiles(page).first).to_be_visible()
    scroller = page.locator(".tiles")
    scroller.evaluate("scroller => scroller.scrollTo(0, 2000)")
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


def test_it_is_searched_by_words_of_the_prompt(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    for count, subject in enumerate(("a sunset", "a fox"), start=1):
        say(page, f"paint {subject}")
        expect_picture(page, count)
    search = page.get_by_role("searchbox", name="Search by words of the prompt")

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

    expect(tiles(page)).to_have_count(2)


def test_a_search_reads_on_until_it_has_found_something(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    pages: dict[str | None, dict[str, object]] = {
        None: {"images": [], "next_cursor": "b"},
        "b": {"images": [], "next_cursor": "c"},
        "c": {"images": [], "next_cursor": "d"},
        "d": {"images": [picture(7)], "next_cursor": None},
    }

    def fulfil(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        if "q" not in query:
            route.fulfill(json={"images": [], "next_cursor": None})
        else:
            route.fulfill(json=pages[query.get("cursor", [None])[0]])

    page.route("**/images?*", fulfil)

    page.get_by_role("searchbox", name="Search by words of the prompt").fill("picture")

    expect(tiles(page)).to_have_count(1)


def test_a_picture_that_comes_while_a_search_is_read_is_found(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    expect_level(page)
    held = Held(page, "**/images?*q=*")
    page.get_by_role("searchbox", name="Search by words of the prompt").fill("fox")
    search = held.first()

    say(page, "paint a fox")
    expect(page.locator("#log img.full")).to_have_count(1)
    expect(tiles(page)).to_have_count(1)
    with page.expect_response("**/images?*q=*"):
        search.fulfill(json={"images": [], "next_cursor": None})

    page.wait_for_timeout(100)
    expect(tiles(page)).to_have_count(1)


def test_what_a_search_leaves_out_is_not_chosen_any_more(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    many_pictures(page, 3)
    page.reload()
    expect(tiles(page)).to_have_count(3)
    page.get_by_role("button", name="Select").click()
    tiles(page).first.get_by_role("button").click()
    chosen = page.locator(".selection [role=status]")
    expect(chosen).to_have_text("1 selected")
    page.route(
        "**/images?*q=*",
        lambda route: route.fulfill(json={"images": [picture(1)], "next_cursor": None}),
    )

    page.get_by_role("searchbox", name="Search by words of the prompt").fill("picture 1")
    expect(tiles(page)).to_have_count(1)

    expect(chosen).to_have_text("0 selected")


def test_several_are_chosen_and_deleted_after_a_question(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    page = sign_in(name)
    many_pictures(page, 12)
    page.reload()
    expect(tiles(page)).to_have_count(12)
    deleted: list[str] = []

    def delete(route: Route) -> None:
        deleted.append(route.request.url.rsplit("/", 1)[1])
        route.fulfill(status=204)

    page.route("**/images/*", delete)

    page.get_by_role("button", name="Select").click()
    for number in (12, 7):
        page.get_by_role("button", name=f"picture {number}", exact=True).click()
    expect(page.locator(".selection [role=status]")).to_have_text("2 selected")
    page.locator(".selection").get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Delete these 2 pictures?")
    question.get_by_role("button", name="Delete").click()

    expect(tiles(page)).to_have_count(10)
    assert deleted == [name_of(number) for number in (12, 7)]
    expect(page.locator(".selection [role=status]")).to_have_text("0 selected")


def test_several_are_downloaded(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    for count, subject in enumerate(("a sunset", "a fox"), start=1):
        say(page, f"paint {subject}")
        expect_picture(page, count)
    names: list[str] = []
    page.on("download", lambda download: names.append(download.suggested_filename))

    page.get_by_role("button", name="Select").click()
    for tile in tiles(page).all():
        tile.get_by_role("button").click()
    with page.expect_event("download", lambda _: len(names) == 2):
        page.locator(".selection").get_by_role("button", name="Download").click()

    assert len(set(names)) == 2


def test_a_picture_leads_to_its_message(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name, chat=chat)
    say(page, "paint a sunset over the sea")
    expect_picture(page)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".message")).to_have_count(0)

    tiles(page).get_by_role("button").click()
    page.get_by_role("button", name="Show in chat").click()

    message = page.locator(".message.image")
    expect(message).to_be_in_viewport()
    expect(message).to_be_focused()
    assert page.url.endswith(f"#{chat}/{message.get_attribute('data-id')}")


def test_arrow_keys_go_from_tile_to_tile(stack: Stack, sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    many_pictures(page, 300)
    page.reload()
    tiles(page).get_by_role("button").first.focus()

    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="picture 299", exact=True)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.evaluate("""() => {  // quicker than frames are drawn
        const down = () => new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
        for (let count = 0; count < 20; count++) document.activeElement.dispatchEvent(down());
    }""")

    number = page.evaluate("document.activeElement.ariaLabel").split()[1]
    assert int(number) <= 300 - 2 * 20
    expect(page.get_by_role("button", name=f"picture {number}", exact=True)).to_be_in_viewport()


def test_five_thousand_pictures_are_scrolled_end_to_end(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    page = sign_in(name)
    many_pictures(page, 5_000, is_inline=True)
    page.evaluate("location.hash = '#/pictures'")
    page.reload()
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


def test_a_brought_picture_has_no_prompt_and_no_chat(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    show_pictures(page, picture(2), brought(1))

    page.get_by_role("button", name="Brought on 20 November 2026").click()

    viewer = page.get_by_role("dialog", name="Picture")
    expect(viewer.locator(".caption")).to_have_text("Brought on 20 November 2026")
    expect(viewer.get_by_role("button", name=re.compile("Show in chat|Copy prompt"))).to_have_count(
        0
    )
    page.keyboard.press("ArrowLeft")
    expect(viewer.get_by_role("button", name=re.compile("Show in chat|Copy prompt"))).to_have_count(
        2
    )


def test_an_edit_is_compared_with_its_source_by_keys(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    edit = picture(3) | {"source_image_ids": [name_of(1), name_of(2)]}
    show_pictures(page, edit, picture(2), picture(1))
    page.get_by_role("button", name="picture 3").click()
    slider = page.get_by_role("slider", name="Compare with the picture before")
    source = page.locator("#viewer .source")
    expect(source.locator("img.full.shown")).to_be_attached()
    assert (
        source.evaluate("element => getComputedStyle(element).clipPath")
        == "inset(0px 100% 0px 0px)"
    )
    expect_no_violations(page, "an edit, large")

    slider.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")

    expect(page.locator("#viewer .caption")).to_have_text("picture 3")  # the keys were the slider's
    expect(slider).to_have_attribute("aria-valuetext", "30 % before")
    assert (
        source.evaluate("element => getComputedStyle(element).clipPath") == "inset(0px 70% 0px 0px)"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer .caption")).to_have_text("picture 2")
    expect(slider).to_have_count(0)


def test_an_edit_whose_source_is_gone_is_shown_alone(sign_in: SignIn, name: str) -> None:
    page = sign_in(name)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    show_pictures(page, picture(3) | {"source_image_ids": [name_of(1)]})

    with page.expect_response(re.compile(f"/images/{name_of(1)}$")) as answer:
        page.get_by_role("button", name="picture 3").click()

    assert answer.value.status == 404
    expect(page.locator("#viewer img.full.shown")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_count(0)
    assert errors == []
