"""The picture in the hand: copied, saved, dragged, shared; and what somebody with its link sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import expect_picture, say, shifts, watch_shifts, with_motion
from tests.local_stack.testing import RunningStack as Stack


@pytest.fixture
def page(stack: Stack, sign_in: SignIn, name: str) -> Page:
    """With one picture."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    say(page, "paint a sunset over the sea")
    expect_picture(page)
    expect(page.locator("#log .picture .thumbnail")).to_have_count(0)  # covered, and let go of
    return page


def at_its_middle(page: Page, selector: str) -> str:
    """What lies on top there, as `tag.class`."""
    found = page.locator(selector).evaluate("""(box) => {
        const { x, y, width, height } = box.getBoundingClientRect();
        const top = document.elementFromPoint(x + width / 2, y + height / 2);
        return `${top.localName}.${top.classList[0]}`;
    }""")
    return str(found)


def violations(page: Page) -> list[str]:
    return [f"{one['id']}: {one['help']}" for one in Axe().run(page).response["violations"]]


# --- A picture is a picture ----------------------------------------------------------------------


def test_what_is_covered_is_let_go_of_where_pictures_fade_in_too(page: Page) -> None:
    with_motion(page)
    say(page, "paint a fox")
    expect(page.locator("#log .picture .full.shown")).to_have_count(2)
    expect(page.locator("#log .picture .thumbnail")).to_have_count(0)


def test_nothing_lies_over_the_picture_and_it_opens_by_click_and_key(page: Page) -> None:
    assert at_its_middle(page, "#log .picture") == "img.full"

    page.locator("#log .picture img").click()
    expect(page.locator("#viewer")).to_be_visible()
    assert at_its_middle(page, "#viewer .picture") == "img.full"
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Open large")).press("Enter")
    expect(page.locator("#viewer")).to_be_visible()


def test_dragged_out_it_is_the_file_and_says_whose_it_is(page: Page) -> None:
    types = page.evaluate("""() => new Promise((resolve) => {
        const image = document.querySelector("#log .picture img.full");
        document.addEventListener("dragstart", ({ target, dataTransfer: { types } }) =>
            setTimeout(() => resolve([image.draggable, target === image, [...types]])));
        const dataTransfer = new DataTransfer();
        image.dispatchEvent(new DragEvent("dragstart", { bubbles: true, dataTransfer }));
    })""")

    assert types[:2] == [True, True]
    assert "application/x-afterimage-image" in types[2]


def test_dragged_into_the_composer_it_is_attached_once(page: Page) -> None:
    page.locator("#log .picture img.full").drag_to(page.locator("#composer"))

    expect(page.locator("#attachments .tile")).to_have_count(1)
    expect(page.locator("#attachments .tile progress")).to_have_count(0)


# --- Copied and saved ----------------------------------------------------------------------------


def test_the_picture_itself_is_copied(page: Page) -> None:
    copy = page.locator("#log").get_by_role("button", name="Copy picture")
    was = copy.bounding_box()

    copy.click()
    expect(page.locator("#log").get_by_role("button", name="Copied")).to_be_visible()
    size = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const { width, height } = await createImageBitmap(await item.getType("image/png"));
        return [width, height];
    }""")

    shown = page.locator("#log img.full").evaluate(
        "({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]"
    )
    assert size == shown
    assert (
        page.locator("#log").get_by_role("button", name=re.compile("Cop")).first.bounding_box()
        == was
    )


def test_where_it_may_not_be_copied_a_sentence_offers_the_download(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error('no')); }")

    page.locator("#log").get_by_role("button", name="Copy picture").click()

    expect(page.locator("#notice")).to_have_text(
        "The picture could not be copied here. Download it instead."
    )
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)


def test_where_no_words_may_be_copied_a_sentence_says_so(page: Page, link: str) -> None:
    page.evaluate("""() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
        document.execCommand = () => false;
    }""")

    page.get_by_role("button", name="Copy link").click()

    expect(page.get_by_role("dialog").get_by_text("did not let it be copied")).to_be_visible()
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)


def test_what_went_wrong_is_said_over_what_hides_the_chat(page: Page) -> None:
    refused = {"error": {"code": "internal", "message": "No."}}
    sentence = page.locator("#over", has_text="Something went wrong on our side.")
    page.get_by_role("link", name="Pictures").click()
    page.locator(".gallery li button").click()
    viewer = page.locator("#viewer")
    expect(viewer.locator("img.full.shown")).to_be_visible()
    page.route("**/cdn/**", lambda route: route.abort())
    page.route("**/images/*/original", lambda route: route.fulfill(status=500, json=refused))

    viewer.get_by_role("button", name="Save as PNG").click()
    expect(viewer.locator("#over", has_text="could not be loaded")).to_be_visible()
    viewer.get_by_role("button", name="Save the original").click()
    expect(sentence).to_be_visible()

    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    page.route("**/chats/*", lambda route: route.fulfill(status=500, json=refused))
    page.locator("#chats li").hover()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(sentence).to_be_visible()


def test_it_is_asked_for_within_the_click(page: Page) -> None:
    """Safari lets nothing be written later."""
    page.evaluate("""() => {
        window.written = null;
        navigator.clipboard.write = (items) => {
            window.written = window.isClicking;
            return Promise.all(items.map((item) => item.getType("image/png")));
        };
        document.addEventListener("click", () => { window.isClicking = true; }, { capture: true });
        document.addEventListener("click", () => { window.isClicking = false; });
    }""")

    page.locator("#log").get_by_role("button", name="Copy picture").click()

    expect(page.locator("#log").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("window.written") is True


@pytest.mark.parametrize(
    ("label", "ending", "magic"),
    [
        ("Download", "webp", b"RIFF"),
        ("Save as PNG", "png", b"\x89PNG"),
        ("Save the original", "", b""),
    ],
)
def test_it_is_saved_in_the_form_that_is_asked_for(
    page: Page, tmp_path: Path, label: str, ending: str, magic: bytes
) -> None:
    page.locator("#log .picture img").click()

    with page.expect_download() as download:
        page.locator("#viewer").get_by_role("button", name=label, exact=True).click()

    assert download.value.suggested_filename.endswith(ending)
    download.value.save_as(tmp_path / "picture")
    data = (tmp_path / "picture").read_bytes()
    assert data.startswith(magic)
    assert len(data) > 1_000


# --- Shared --------------------------------------------------------------------------------------


@pytest.fixture
def link(page: Page) -> str:
    """Of the picture, made by hand."""
    page.locator("#log").get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    made = page.get_by_role("dialog").get_by_label("Link", exact=True)
    expect(made).to_have_value(re.compile(r"/s/[\w-]{22}$"))
    return made.input_value()


def test_a_link_is_made_copied_changed_and_taken_back(page: Page, link: str) -> None:
    watch_shifts(page)
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="Copy link").click()
    expect(sheet.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert "figcaption>" not in httpx.get(link).text

    sheet.get_by_label("Show the prompt, too").check()
    sheet.get_by_label("Works for").select_option("30 days")
    with page.expect_response(re.compile("/share$")):
        sheet.get_by_role("button", name="Change it, from now on").click()
    assert "<figcaption>" in httpx.get(link).text
    assert violations(page) == []

    sheet.get_by_role("button", name="Take back").click()
    expect(sheet.get_by_label("Link", exact=True)).to_have_value("")
    assert httpx.get(link).status_code == 404
    assert shifts(page) == [0, []]
    sheet.get_by_role("button", name="Close").click()
    expect(page.locator("#log").get_by_role("button", name="Share")).to_be_focused()


def test_opened_again_it_shows_the_link_that_there_is(page: Page, link: str) -> None:
    page.keyboard.press("Escape")
    page.locator("#log .picture img").click()

    page.locator("#viewer").get_by_role("button", name="Share").click()

    expect(page.get_by_label("Link", exact=True)).to_have_value(link)


def test_all_links_are_in_one_place_and_end_there(page: Page, link: str) -> None:
    page.keyboard.press("Escape")
    page.locator("#account-button").click()
    page.get_by_role("button", name="Shared links").click()
    sheet = page.get_by_role("dialog", name="Shared links")
    expect(sheet.get_by_role("listitem")).to_have_count(1)
    assert violations(page) == []

    sheet.get_by_role("button", name="Take back").click()

    expect(sheet.get_by_text("Nothing is shared.")).to_be_visible()
    assert httpx.get(link).status_code == 404


def test_taken_back_elsewhere_it_is_gone_here(
    stack: Stack, page: Page, link: str, name: str
) -> None:
    with stack.http(name) as http:
        [shared] = http.get("/shares").json()["shares"]
        http.delete(f"/images/{shared['image']['id']}/share").raise_for_status()

    expect(page.get_by_label("Link", exact=True)).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_whoever_has_the_link_sees_the_picture_and_is_asked_nothing(
    link: str,
    new_context: Callable[[], BrowserContext],
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    visitor = new_context().new_page()
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size({"width": width, "height": 700})
    asked: list[str] = []
    problems: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.on("console", lambda message: problems.append(message.text))
    visitor.goto(link)

    picture = visitor.get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
    assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [url for url in asked if "/s/" not in url and "/cdn/shared/" not in url] == []
    assert problems == []
    assert violations(visitor) == []


def test_the_actions_fit_on_a_narrow_phone(stack: Stack, sign_in: SignIn, name: str) -> None:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    page.set_viewport_size({"width": 320, "height": 640})
    say(page, "paint a sunset over the sea")
    expect(page.locator("#log img.full.shown")).to_be_visible()

    actions = page.locator("#log .foot .actions")
    boxes = actions.get_by_role("button").evaluate_all(
        """buttons => buttons.map((button) => button.getBoundingClientRect())
            .map(({ top, right }) => [top, right])"""
    )

    assert len(boxes) == 6
    assert len({top for top, _ in boxes}) == 1
    assert all(right <= 320 for _, right in boxes)
