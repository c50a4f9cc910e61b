"""The picture in the hand: copied, saved, dragged, shared; and what somebody with its link sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people import expect_picture, say, shifts, watch_shifts, with_motion
from tests.browser.test_accessibility import expect_no_violations
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


# --- A picture is a picture ----------------------------------------------------------------------


def test_nothing_lies_over_it_and_dragged_it_is_the_file_and_says_whose_it_is(page: Page) -> None:
    assert at_its_middle(page, "#log .picture") == "img.full"
    page.locator("#log .picture img").click()
    viewer = page.locator("#viewer")
    expect(viewer).to_be_visible()
    assert at_its_middle(page, "#viewer .picture") == "img.full"
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Open large")).press("Enter")
    expect(viewer).to_be_visible()
    page.keyboard.press("Escape")

    types = page.evaluate("""() => new Promise((resolve) => {
        const image = document.querySelector("#log .picture img.full");
        document.addEventListener("dragstart", ({ target, dataTransfer: { types } }) =>
            setTimeout(() => resolve([image.draggable, target === image, [...types]])),
            { once: true });
        const dataTransfer = new DataTransfer();
        image.dispatchEvent(new DragEvent("dragstart", { bubbles: true, dataTransfer }));
    })""")
    assert types[:2] == [True, True]
    assert "application/x-afterimage-image" in types[2]
    page.locator("#log .picture img.full").drag_to(page.locator("#composer"))
    expect(page.locator("#attachments .tile")).to_have_count(1)
    expect(page.locator("#attachments .tile progress")).to_have_count(0)
    page.locator("#attachments").get_by_role("button", name="Remove").click()

    with_motion(page)  # what is covered is let go of where pictures fade in, too
    say(page, "paint a fox")
    expect(page.locator("#log .picture .full.shown")).to_have_count(2)
    expect(page.locator("#log .picture .thumbnail")).to_have_count(0)


# --- Copied and saved ----------------------------------------------------------------------------

# Safari lets nothing be written but within the click.
NOTES_THE_CLICK = """() => {
    const own = navigator.clipboard.write.bind(navigator.clipboard);
    window.written = null;
    navigator.clipboard.write = (items) => {
        window.written = window.isClicking;
        return own(items);
    };
    document.addEventListener("click", () => { window.isClicking = true; }, { capture: true });
    document.addEventListener("click", () => { window.isClicking = false; });
}"""


def test_the_picture_itself_is_copied(page: Page) -> None:
    log = page.locator("#log")
    copy = log.get_by_role("button", name="Copy picture")
    was = copy.bounding_box()
    page.evaluate(NOTES_THE_CLICK)

    copy.click()
    expect(log.get_by_role("button", name="Copied")).to_be_visible()
    size = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read();
        const { width, height } = await createImageBitmap(await item.getType("image/png"));
        return [width, height];
    }""")
    shown = log.locator("img.full").evaluate(
        "({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]"
    )
    assert size == shown
    assert log.get_by_role("button", name=re.compile("Cop")).first.bounding_box() == was
    assert page.evaluate("window.written") is True

    expect(log.get_by_role("button", name="Copied")).to_have_count(0)
    page.evaluate("() => { navigator.clipboard.write = () => Promise.reject(new Error('no')); }")
    copy.click()
    expect(page.locator("#notice")).to_have_text(
        "The picture could not be copied here. Download it instead."
    )
    expect(log.get_by_role("button", name="Copied")).to_have_count(0)


FORMS = {
    "Download": ("webp", b"RIFF"),
    "Save as PNG": ("png", b"\x89PNG"),
    "Save the original": ("", b""),
}


def test_it_is_saved_in_the_form_that_is_asked_for_and_what_goes_wrong_is_said(
    page: Page, tmp_path: Path
) -> None:
    page.get_by_role("link", name="Pictures").click()
    page.locator(".gallery li button").click()
    viewer = page.locator("#viewer")
    expect(viewer.locator("img.full.shown")).to_be_visible()
    for label, (ending, magic) in FORMS.items():
        with page.expect_download() as download:
            viewer.get_by_role("button", name=label, exact=True).click()
        assert download.value.suggested_filename.endswith(ending), label
        download.value.save_as(tmp_path / label)
        data = (tmp_path / label).read_bytes()
        assert data.startswith(magic), label
        assert len(data) > 1_000, label

    refused = {"error": {"code": "internal", "message": "No."}}
    sentence = page.locator("#over", has_text="Something went wrong on our side.")
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


# --- Shared --------------------------------------------------------------------------------------


@pytest.fixture
def link(page: Page) -> str:
    """Of the picture, made by hand."""
    page.locator("#log").get_by_role("button", name="Share").click()
    return make_link(page)


def make_link(page: Page) -> str:
    page.get_by_role("button", name="Make a link").click()
    made = page.get_by_role("dialog").get_by_label("Link", exact=True)
    expect(made).to_have_value(re.compile(r"/s/[\w-]{22}$"))
    return made.input_value()


def test_a_link_is_made_copied_changed_and_taken_back(
    stack: Stack, page: Page, link: str, name: str
) -> None:
    watch_shifts(page)
    sheet = page.get_by_role("dialog")
    shown = sheet.get_by_label("Link", exact=True)
    sheet.get_by_role("button", name="Copy link").click()
    expect(sheet.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert "figcaption>" not in httpx.get(link).text

    sheet.get_by_label("Show the prompt, too").check()
    sheet.get_by_label("Works for").select_option("30 days")
    with page.expect_response(re.compile("/share$")):
        sheet.get_by_role("button", name="Change it, from now on").click()
    assert "<figcaption>" in httpx.get(link).text
    expect_no_violations(page, "a link")

    sheet.get_by_role("button", name="Take back").click()
    expect(shown).to_have_value("")
    assert httpx.get(link).status_code == 404
    assert shifts(page) == [0, []]

    make_link(page)
    expect(sheet.get_by_role("button", name="Copied")).to_have_count(0)
    page.evaluate("""() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
        document.execCommand = () => false;
    }""")
    sheet.get_by_role("button", name="Copy link").click()
    expect(sheet.get_by_text("did not let it be copied")).to_be_visible()
    expect(sheet.get_by_role("button", name="Copied")).to_have_count(0)
    with stack.http(name) as http:  # as in another place
        [shared] = http.get("/shares").json()["shares"]
        http.delete(f"/images/{shared['image']['id']}/share").raise_for_status()
    expect(shown).to_have_value("")
    sheet.get_by_role("button", name="Close").click()
    expect(page.locator("#log").get_by_role("button", name="Share")).to_be_focused()


def test_whoever_has_the_link_sees_the_picture_and_is_asked_nothing(
    page: Page, link: str, new_context: Callable[[], BrowserContext]
) -> None:
    """All of somebody's links are in one place, and end there."""
    visitor = new_context().new_page()
    asked: list[str] = []
    problems: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.on("console", lambda message: problems.append(message.text))
    visitor.goto(link)

    picture = visitor.get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
    assert [url for url in asked if "/s/" not in url and "/cdn/shared/" not in url] == []
    assert problems == []
    for width in (320, 1280):
        visitor.set_viewport_size({"width": width, "height": 700})
        assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for scheme in ("light", "dark"):
            visitor.emulate_media(color_scheme=scheme)
            expect_no_violations(visitor, f"{width} px, {scheme}")

    page.keyboard.press("Escape")
    page.locator("#log .picture img").click()
    page.locator("#viewer").get_by_role("button", name="Share").click()
    expect(page.get_by_label("Link", exact=True)).to_have_value(link)  # the one that there is
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("#account-button").click()
    page.get_by_role("button", name="Shared links").click()
    sheet = page.get_by_role("dialog", name="Shared links")
    expect(sheet.get_by_role("listitem")).to_have_count(1)
    expect_no_violations(page, "all links")

    sheet.get_by_role("button", name="Take back").click()

    expect(sheet.get_by_text("Nothing is shared.")).to_be_visible()
    assert httpx.get(link).status_code == 404
