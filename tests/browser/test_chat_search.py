"""Many chats: pinned, searched, and taken along as files."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SignIn
from tests.browser.people import chat_with, expect_picture, say, settle, shifts, watch_shifts
from tests.local_stack.testing import RunningStack as Stack

# A folder of the browser's own stands for the one that a person would choose.
FOLDER = "window.showDirectoryPicker = () => navigator.storage.getDirectory();"
READ_FOLDER = """async () => {
  const read = async (folder) => {
    const found = {};
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === "directory") found[name] = await read(handle);
      else {
        const file = await handle.getFile();
        found[name] = name.endsWith(".json") ? JSON.parse(await file.text())
          : (await createImageBitmap(file)).width;
      }
    }
    return found;
  };
  return read(await navigator.storage.getDirectory());
}"""


def search_for(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search in all chats").fill(words)


def test_a_chat_is_pinned_and_renamed_in_every_tab(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    for chat in ("old", "new"):
        chat_with(stack, name, chat, f"about {chat}")
    page = sign_in(name)
    other = sign_in(name, beside=page)
    titles = "#chats a"
    for tab in (page, other):
        expect(tab.locator(titles)).to_have_text(["about new", "about old"])

    old = page.locator("#chats li").nth(1)
    old.hover()
    old.get_by_role("button", name="Pin", exact=True).click()

    for tab in (page, other):
        expect(tab.locator(titles)).to_have_text(["about old", "about new"])
    page.reload()
    expect(page.locator(titles)).to_have_text(["about old", "about new"])
    page.locator("#chats li").first.hover()
    page.get_by_role("button", name="Unpin").click()
    expect(other.locator(titles)).to_have_text(["about new", "about old"])

    entry = page.locator("#chats li").last
    entry.get_by_role("link").click()
    entry.hover()
    entry.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Title of the chat").fill("Small talk")
    page.keyboard.press("Enter")
    for tab in (page, other):
        expect(tab.locator(titles)).to_have_text(["about new", "Small talk"])
    expect(page.locator("#title")).to_have_text("Small talk")
    entry.hover()
    entry.get_by_role("button", name="Rename").click()
    page.keyboard.type("Never mind")
    page.keyboard.press("Escape")
    expect(page.locator(titles)).to_have_text(["about new", "Small talk"])


def test_what_is_found_leads_to_its_message_and_back_to_the_results(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    chat_with(stack, name, "a", "Die Übung <b>macht</b> den Meister", *["hello"] * 60)
    chat_with(stack, name, "b", "something else")
    page = sign_in(name)
    expect(page.locator("#chats a")).to_have_count(2)
    watch_shifts(page)

    search_for(page, "UBUNG")
    said = page.locator("#found .snippet", has_text="Die Übung <b>macht</b> den Meister")
    expect(said.first).to_be_visible()
    expect(said.first.locator("mark")).to_have_text("Übung")
    expect(page.locator("#chats")).to_be_hidden()
    said.last.click()

    message = page.locator(".message.user", has_text="Die Übung")
    expect(message).to_be_in_viewport()
    expect(message).to_be_focused()
    page.go_back()
    expect(said.first).to_be_visible()
    search_for(page, "")
    expect(page.locator("#chats a")).to_have_count(2)
    assert shifts(page) == [0, []]


def test_words_in_no_chat_and_a_search_that_goes_on(sign_in: SignIn, name: str) -> None:
    """What comes late for other words is not shown."""
    page = sign_in(name)
    asked: list[str] = []
    held: list[Route] = []

    def fulfil(route: Route) -> None:
        if "q=first" in route.request.url:
            return held.append(route)
        asked.append(route.request.url)
        more = "next" if len(asked) < 7 else None
        return route.fulfill(json={"results": [], "next_cursor": more})

    page.route("**/search?*", fulfil)
    with page.expect_request("**/search?q=first*"):
        search_for(page, "first")
    search_for(page, "nowhere")
    status = page.locator("#found [role=status]")
    expect(status).to_have_text("0 results so far")
    page.get_by_role("button", name="Search on").click()
    expect(status).to_have_text("0 results")
    assert len(asked) == 7

    chat = {"id": "c", "title": "late", "created_at": "2026", "updated_at": "2026"}
    late = {"results": [{"chat": chat, "message": None}], "next_cursor": None}
    with page.expect_response("**/search?q=first*"):
        held[0].fulfill(json=late)
    settle(page)
    expect(page.locator("#found a")).to_have_count(0)


def with_a_picture_and_a_folder(stack: Stack, sign_in: SignIn, name: str) -> Page:
    """A picture in the chat, and a browser that lets the page write into a folder."""
    stack.gemini(text_ms=20, image_ms=100, script=[])
    page = sign_in(name, prepare=lambda tab: tab.add_init_script(FOLDER))
    say(page, "paint a sunset")
    expect_picture(page)
    return page


def test_a_chat_is_saved_with_its_pictures(stack: Stack, sign_in: SignIn, name: str) -> None:
    page = with_a_picture_and_a_folder(stack, sign_in, name)
    say(page, "paint a fox")
    expect_picture(page, 2)
    image = stack.http(name).get("/images").json()["images"][0]
    lost = f"**/cdn/**{image['id']}**"
    page.route(lost, lambda route: route.fulfill(status=403))

    entry = page.locator("#chats li").first
    entry.hover()
    entry.get_by_role("button", name="Save as files").click()

    progress = page.locator("#progress")
    expect(progress).to_contain_text("Saved, with 1 picture.")
    expect(progress).to_contain_text(f"These could not be read: {image['prompt']}")
    (saved,) = page.evaluate(READ_FOLDER).values()
    text = json.dumps(saved["chat.json"])
    named = set(re.findall(r'"file": "([^"]+)"', text))
    assert named == {f"pictures/{file}" for file in saved["pictures"]}
    assert all(width > 0 for width in saved["pictures"].values())
    assert [message["role"] for message in saved["chat.json"]["messages"]][:2] == [
        "user",
        "assistant",
    ]
    assert "url" not in text.replace("thumbnail_url", "")


def test_addresses_that_ran_out_on_the_way_are_signed_anew_and_a_full_disk_is_said(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    page = with_a_picture_and_a_folder(stack, sign_in, name)
    address = page.locator("#log img.full").get_attribute("src")
    asked: list[str] = []

    def run_out(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=403)
        else:
            route.continue_()

    page.route(f"**{urlsplit(str(address)).path}*", run_out)
    save = page.locator("#chats li").first.get_by_role("button", name="Save as files")

    page.locator("#chats li").first.hover()
    save.click()

    expect(page.locator("#progress")).to_have_text("Saved, with 1 picture.")
    assert len(asked) == 2
    (saved,) = page.evaluate(READ_FOLDER).values()
    assert len(saved["pictures"]) == 1

    page.evaluate("""() => { FileSystemFileHandle.prototype.createWritable = () =>
        Promise.reject(new DOMException("no room", "QuotaExceededError")); }""")
    page.locator("#chats li").first.hover()
    save.click()
    expect(page.locator("#notice")).to_contain_text("could not be written")
    expect(page.locator("#progress")).to_be_hidden()


def test_everything_is_saved_also_where_no_folder_can_be_chosen(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    chat_with(stack, name, "a", "hello")
    without = "delete window.showDirectoryPicker;"
    page = sign_in(name, prepare=lambda tab: tab.add_init_script(without))
    expect(page.locator("#chats a")).to_have_count(1)

    page.locator("#account-button").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save all that is mine").click()

    saved: dict[str, Any] = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == "Afterimage-everything.json"
    assert [chat["id"] for chat in saved["chats"]] == ["a"]
    assert [message["role"] for message in saved["messages"]] == ["user", "assistant"]
    expect(page.locator("#progress")).to_have_text("Saved, with 0 pictures.")
    assert page.locator("#account-button").evaluate("""(button) => {
        const { x, y, width, height } = button.getBoundingClientRect();
        return button.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }""")
