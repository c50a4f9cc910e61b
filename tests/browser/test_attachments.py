"""Pictures that somebody brings: pasted, dropped and chosen, on their way up, refused, kept."""

import io
from base64 import b64encode

import pytest
from PIL import Image
from playwright.sync_api import FilePayload as File
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import (
    Held,
    expect_level,
    expect_picture,
    posts_of,
    say,
    settle,
    shifts,
    watch_shifts,
)

OWN_PICTURE = "application/x-afterimage-image"
UPLOADS = "**/images/*"


def picture(color: str, name: str = "image.png", size: tuple[int, int] = (64, 48)) -> File:
    data = io.BytesIO()
    Image.new("RGBA", size, color).save(data, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": data.getvalue()}


def photo(size: tuple[int, int], kind: str, orientation: int = 1) -> File:
    """Noise, which no format makes small; clear in its corners where the format can be."""
    noise = Image.effect_noise(size, 120).convert("RGB" if kind == "JPEG" else "RGBA")
    if kind == "PNG":
        noise.paste((0, 0, 0, 0), (0, 0, 400, 400))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = io.BytesIO()
    noise.save(data, kind, exif=exif, quality=96)
    return {"name": "photo", "mimeType": f"image/{kind.lower()}", "buffer": data.getvalue()}


def bring(
    page: Page, event: str, *files: File, target: str = "#text", words: dict[str, str] | None = None
) -> None:
    """Pastes or drops, as the browser would say it; `words` by their type."""
    given = [[f["name"], f["mimeType"], b64encode(f["buffer"]).decode()] for f in files]
    page.locator(target).evaluate(
        """(target, [event, files, words]) => {
            const data = new DataTransfer();
            for (const [type, text] of Object.entries(words)) data.setData(type, text);
            for (const [name, type, bytes] of files) {
                const data64 = Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0));
                data.items.add(new File([data64], name, { type }));
            }
            const about = { bubbles: true, cancelable: true };
            target.dispatchEvent(event === "paste"
                ? new ClipboardEvent("paste", { ...about, clipboardData: data })
                : new DragEvent("drop", { ...about, dataTransfer: data }));
        }""",
        [event, given, words or {}],
    )


def tiles(page: Page) -> Locator:
    return page.locator("#attachments .tile")


def uploads(page: Page) -> list[Request]:
    """What goes up from here on."""
    found: list[Request] = []
    page.on("request", lambda r: found.append(r) if r.method == "PUT" else None)
    return found


def bodies_of(page: Page) -> list[bytes]:
    """What goes up from here on."""
    bodies: list[bytes] = []

    def take(route: Route) -> None:
        bodies.append(route.request.post_data_buffer or b"")
        route.continue_()

    page.route(UPLOADS, take)
    return bodies


def expect_up(page: Page, count: int) -> None:
    expect(tiles(page)).to_have_count(count)
    expect(tiles(page).locator("progress")).to_have_count(0)


@pytest.fixture
def page(stack: Stack, sign_in: SignIn, name: str) -> Page:
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name)
    expect_level(page)
    return page


def test_two_pictures_of_one_name_are_two_pictures(page: Page) -> None:
    """A number holds for one question, the shape for the next as well; a picture needs no words."""
    asked = posts_of(page)
    page.get_by_label("Number of pictures").select_option("2")
    page.get_by_label("Shape of the picture").select_option("16:9")
    questions = {"red": "what is red?", "blue": "what is blue?", "lime": ""}
    for count, (color, words) in enumerate(questions.items(), start=1):
        bring(page, "paste", picture(color))
        expect_up(page, 1)
        say(page, words)
        expect(tiles(page)).to_have_count(0)
        expect(page.locator(".assistant.complete")).to_have_count(count)

    assert [len(post["image_ids"]) for post in asked] == [1, 1, 1]
    assert len({*asked[0]["image_ids"], *asked[1]["image_ids"]}) == 2
    assert [post["text"] for post in asked] == [*questions.values()]
    assert [post.get("count") for post in asked] == [2, None, None]
    assert [post["aspect_ratio"] for post in asked] == ["16:9"] * 3
    expect(page.locator(".gallery li")).to_have_count(3)


HEIC = b"\0\0\0\x18ftypheic" + bytes(90)
REFUSED: list[tuple[File, str]] = [
    ({"name": "1.HEIC", "mimeType": "image/heic", "buffer": HEIC}, "Save it as JPEG"),
    ({"name": "1.jpg", "mimeType": "image/jpeg", "buffer": b"<html>"}, "Only JPEG, PNG and WebP"),
    ({"name": "1.HEIC", "mimeType": "", "buffer": HEIC}, "Save it as JPEG"),
]


def test_what_cannot_be_taken_is_refused_before_it_leaves(page: Page) -> None:
    """Words of a paste win over its picture, and there are four pictures at most."""
    sent = uploads(page)
    notice = page.locator("#notice")
    for file, sentence in REFUSED:
        page.locator("#files").set_input_files(file)
        expect(notice).to_contain_text(sentence)
    words = {"text/plain": "A1\tB1", "text/html": "<table></table>"}
    bring(page, "paste", picture("red"), words=words)
    expect(tiles(page)).to_have_count(0)
    assert sent == []

    html = {"text/html": '<img src="https://elsewhere.test/a.png">'}
    bring(page, "paste", picture("red"), words=html)
    expect_up(page, 1)
    expect(page.locator("#text")).to_have_value("")
    assert len(sent) == 1
    colors = ("lime", "blue", "cyan", "pink")
    page.locator("#files").set_input_files([picture(color, f"{color}.png") for color in colors])
    expect_up(page, 4)
    expect(notice).to_have_text("A question takes up to 4 pictures.")


def test_what_is_too_large_goes_up_small_upright_and_clear_where_it_was(page: Page) -> None:
    bodies = bodies_of(page)
    sideways, clear = photo((2000, 2500), "JPEG", orientation=6), photo((2300, 1150), "PNG")
    wide = picture("teal", size=(6_000, 4_200))
    small = photo((300, 200), "JPEG", orientation=6)
    assert min(len(sideways["buffer"]), len(clear["buffer"])) > 4_500_000 > len(wide["buffer"])
    for count, file in enumerate((sideways, clear, wide, small), start=1):
        page.locator("#files").set_input_files(file)
        expect_up(page, count)

    scaled = [Image.open(io.BytesIO(body)) for body in bodies[:3]]
    assert max(map(len, bodies)) <= 4_500_000
    assert [one.format for one in scaled[:2]] == ["JPEG", "WEBP"]
    for one in scaled:
        assert one.width == 2_048  # the long side, also of what had been on its side
        assert one.height < one.width
        assert dict(one.getexif()) == {}
    assert scaled[1].getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert scaled[2].size == (2_048, 1_434)  # too many pixels in a small file
    assert bodies[3] == small["buffer"]


OURS = {"error": {"code": "invalid", "message": "This is no picture.", "retry_after": None}}
THE_GATEWAYS = {"message": "Request Too Long"}


def test_one_that_fails_keeps_nothing_else_from_being_sent(page: Page) -> None:
    asked = posts_of(page)
    answers = iter([None, (400, OURS), (413, THE_GATEWAYS), None])

    def decide(route: Route) -> None:
        if refusal := next(answers):
            route.fulfill(status=refusal[0], json=refusal[1])
        else:
            route.continue_()

    page.route(UPLOADS, decide)
    page.locator("#text").fill("compare them")
    for color in ("red", "lime", "cyan", "blue"):
        bring(page, "drop", picture(color), target="#log")
        expect(page.locator(".tile progress")).to_have_count(0)
    failed, large = tiles(page).nth(1), tiles(page).nth(2)
    expect(failed).to_contain_text("This is no picture.")
    expect(large).to_contain_text("This picture is too large.")
    large.get_by_role("button", name="Remove").click()
    page.locator("#text").press("Enter")
    expect(failed.get_by_role("button", name="Again")).to_be_visible()
    expect(page.locator("#text")).to_have_value("compare them")

    failed.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".user")).to_have_count(1)
    assert len(asked[0]["image_ids"]) == 2
    assert asked[0]["text"] == "compare them"


def test_a_question_waits_for_its_pictures_and_is_back_where_one_fails(page: Page) -> None:
    asked, sent = posts_of(page), uploads(page)
    busy = {"code": "busy", "message": "Busy.", "retry_after": 1}
    page.route(UPLOADS, lambda route: route.fulfill(status=503, json={"error": busy}), times=1)
    bring(page, "paste", picture("blue"))
    expect_up(page, 1)
    assert len(sent) == 2  # it was asked again
    assert len({request.url for request in sent}) == 1
    expect(page.locator(".gallery li")).to_have_count(1)

    held = Held(page, UPLOADS)
    bring(page, "paste", picture("red"))
    expect(tiles(page).get_by_role("progressbar", name="Going up")).to_be_visible()
    say(page, "compare them")
    expect(page.locator(".user")).to_have_count(1)
    error = {"code": "upload_limit", "message": "No more today.", "retry_after": 60}
    held.first().fulfill(status=429, json={"error": error})
    expect(page.locator(".user")).to_have_count(0)
    expect(page.locator("#text")).to_have_value("compare them")
    expect(tiles(page)).to_have_count(2)
    expect(tiles(page).nth(1)).to_contain_text("limit of pictures that you bring")
    assert asked == []

    tiles(page).nth(1).get_by_role("button", name="Remove").click()
    bring(page, "paste", picture("red"))
    say(page, "what is this?")
    expect(page.locator(".user .text")).to_have_text("what is this?")
    expect(tiles(page)).to_have_count(0)
    expect(page.locator(".assistant")).to_have_count(0)  # nobody thinks about it yet
    assert asked == []
    upload = held.first()
    upload.continue_()
    expect(page.locator(".assistant.complete")).to_be_visible()
    up = (sent[0], upload.request)
    assert asked[0]["image_ids"] == [request.url.rpartition("/")[2] for request in up]


STORES_NOTHING = """() => {
    for (const name of ["getItem", "setItem", "removeItem"])
        Storage.prototype[name] = () => { throw new DOMException("no", "SecurityError"); };
}"""


def test_a_draft_belongs_to_its_chat_and_survives_a_reload(page: Page) -> None:
    here = page.evaluate("location.hash")
    asked, sent = posts_of(page), uploads(page)
    page.locator("#text").fill("a draft")
    bring(page, "paste", picture("red"))
    bring(page, "paste", picture("blue"))
    expect_up(page, 2)

    page.get_by_role("button", name="New chat").click()
    expect(tiles(page)).to_have_count(0)
    expect(page.locator("#text")).to_have_value("")
    say(page, "hello")
    expect(page.locator(".user")).to_have_count(1)
    assert "image_ids" not in asked[0]
    page.evaluate("hash => location.hash = hash", here)
    expect(tiles(page)).to_have_count(2)
    page.reload()
    expect(page.locator("#text")).to_have_value("a draft")
    expect_up(page, 2)
    assert len(sent) == 2

    page.locator(".tiles li button").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(tiles(page)).to_have_count(1)
    page.reload()
    expect_up(page, 1)
    page.locator("#text").fill("a secret")  # of who signs out nothing stays
    page.locator("#account-button").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert "secret" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_where_nothing_can_be_stored_a_draft_is_kept_in_memory(page: Page) -> None:
    here = page.evaluate("location.hash")
    page.evaluate(STORES_NOTHING)
    page.locator("#text").fill("a draft")
    bring(page, "paste", picture("red"))
    expect_up(page, 1)

    page.get_by_role("button", name="New chat").click()
    expect(tiles(page)).to_have_count(0)
    page.evaluate("hash => location.hash = hash", here)

    expect(page.locator("#text")).to_have_value("a draft")
    expect(tiles(page)).to_have_count(1)


def test_ones_own_picture_is_attached_by_its_id_and_a_foreign_one_refused(page: Page) -> None:
    """What is dropped where the composer is hidden goes nowhere unseen; and tiles move nothing."""
    say(page, "paint a sunset")
    expect_picture(page)
    watch_shifts(page)
    bring(page, "paste", picture("red"))
    expect_up(page, 1)
    tiles(page).get_by_role("button", name="Remove").click()
    expect(tiles(page)).to_have_count(0)
    settle(page)
    assert shifts(page) == [0, []]
    expect(page.locator("#text")).to_be_focused()

    bring(page, "drop", words={"text/uri-list": "https://elsewhere.test/a.png"})
    expect(page.locator("#notice")).to_contain_text("another page")
    one = page.locator("#log [data-image]").get_attribute("data-image")
    page.locator("#log .picture img").click()
    viewer = page.locator("#viewer")
    expect(viewer.locator("img.full.shown")).to_be_visible()
    bring(page, "drop", target="#viewer", words={OWN_PICTURE: str(one)})
    expect(viewer).to_be_visible()
    expect(tiles(page)).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Pictures").click()
    bring(page, "drop", picture("red"), target=".gallery")
    expect_up(page, 1)
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    tiles(page).get_by_role("button", name="Remove").click()

    asked, sent = posts_of(page), uploads(page)
    page.locator(".gallery li .picture").last.drag_to(page.locator("#log"))
    expect_up(page, 1)
    say(page, "make this a woodcut")
    expect(page.locator("#log img.full.shown")).to_have_count(2)
    assert asked[0]["image_ids"] == [one]
    assert sent == []
