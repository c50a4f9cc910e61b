"""The package in a Vite + React project, whose page is at another origin than the stack."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from tests.client.conftest import HERE
from tests.local_stack.testing import RunningStack
from tests.support.docs import code_blocks
from tests.support.servers import serving

LATEST = 20_000  # ms until something is there
CHAT, MAIN = code_blocks("react", "A chat in ten lines", "jsx")
# The address that `make run` prints, and the one of a test's stack.
DOCUMENTED = "http://127.0.0.1:8000"

PLACES = """() => {
    window.places = [];
    const look = () => {
        const box = document.querySelector("#root [aria-busy]");
        if (box) {
            const { width, height } = box.getBoundingClientRect();
            places.push([width, height, box.ariaBusy, box.style.backgroundImage.slice(0, 20)]);
        }
        requestAnimationFrame(look);
    };
    look();
}"""
PIXELS = """async (url) => {
    try {
        const answer = await fetch(url);
        const bitmap = await createImageBitmap(await answer.blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
        return (await canvas.convertToBlob({ type: "image/png" })).type;
    } catch (error) {
        return error.name;
    }
}"""


@pytest.fixture(scope="module")
def page_address(
    project: Path, stack: RunningStack, vite_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Of the project, as Vite serves it while somebody works on it."""
    source = project / "src"
    source.mkdir()
    (source / "Chat.jsx").write_text(CHAT)
    (source / "main.jsx").write_text(MAIN.replace(DOCUMENTED, stack.url))
    (source / "probe.jsx").write_text((HERE / "probe.jsx").read_text())
    for name in ("index.html", "vite.config.js"):
        shutil.copy(HERE / name, project)
    empty = (HERE / "index.html").read_text().replace("main.jsx", "probe.jsx")
    (project / "probe.html").write_text(empty)
    where = ["--host", "127.0.0.1", "--port", str(vite_port), "--strictPort"]
    vite = ["node", "node_modules/vite/bin/vite.js", *where]
    log = tmp_path_factory.mktemp("vite") / "log.txt"
    with serving(vite, vite_port, log, dict(os.environ), project):
        yield f"http://localhost:{vite_port}"


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[str], tuple[Page, list[ConsoleMessage]]]]:
    contexts: list[BrowserContext] = []

    def open_page(address: str) -> tuple[Page, list[ConsoleMessage]]:
        """A page, and what its console complains of."""
        contexts.append(browser.new_context(locale="en-GB"))
        page = contexts[-1].new_page()
        said: list[ConsoleMessage] = []
        is_bad = ("error", "warning")
        page.on("console", lambda line: said.append(line) if line.type in is_bad else None)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(address)
        return page, said

    yield open_page
    for context in contexts:
        context.close()


def until(page: Page, condition: str) -> Any:
    """Waits until something is so, and gives it back."""
    return page.wait_for_function(condition, timeout=LATEST).json_value()


def test_the_lines_of_the_documentation_are_a_working_chat(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    """Letter by letter: two files, and nothing else but what Vite makes."""
    page, said = open_page(page_address)
    page.evaluate(PLACES)

    page.get_by_role("textbox").fill("paint a fox asleep in autumn leaves, 3:2")
    page.keyboard.press("Enter")

    until(page, "document.querySelector('#root img')?.naturalWidth > 0")
    assert page.get_by_role("textbox").input_value() == ""
    assert page.get_by_text("paint a fox asleep").count() == 1
    places = until(page, "places")
    assert len({(width, height) for width, height, *_ in places}) == 1  # nothing moves
    assert {busy for _, _, busy, _ in places} == {"true", "false"}
    assert any(behind.startswith('url("data:image/webp') for *_, behind in places)
    assert [line.text for line in said] == []


def test_a_channel_opens_once_shows_what_is_asked_and_leaves_nothing(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    user = f"alice-{uuid.uuid4().hex[:8]}"
    with stack.http(user) as api:
        for chat in ("a", "b"):
            api.post(f"/chats/{chat}/messages", json={"text": f"in {chat}"}).raise_for_status()
    page, said = open_page(f"{page_address}/probe.html")
    tickets: list[str] = []
    sockets: list[Any] = []
    page.on("request", lambda one: tickets.append(one.url) if "/tickets" in one.url else None)
    page.on("websocket", lambda one: sockets.append(one) if stack.url[7:] in one.url else None)
    show = "(providers) => probe.show(providers)"
    mine = {"url": stack.url, "user": user}

    page.evaluate(show, {"one": {**mine, "id": "a"}})
    until(page, "probe.now.one?.state === 'connected' && probe.now.one.texts[0] === 'in a'")
    page.wait_for_timeout(1_000)
    assert [socket.is_closed() for socket in sockets].count(False) == 1
    assert len(tickets) <= 2 * 2  # each with its preflight

    # Another id shows nothing of the former chat, and the former one is there at once.
    page.evaluate("probe.renders = {}")
    page.evaluate(show, {"one": {**mine, "id": "b"}})
    until(page, "probe.now.one.texts[0] === 'in b'")
    page.evaluate(show, {"one": {**mine, "id": "a"}})
    until(page, "probe.renders.one.at(-1)[0] === 'a'")
    renders = page.evaluate("probe.renders.one")
    assert not [one for one in renders if one[0] == "b" and "in a" in one]
    assert all(one[2] == "in a" for one in renders if one[0] == "a")

    # Two people at once, each with their own.
    other = {"url": stack.url, "user": f"bob-{uuid.uuid4().hex[:8]}", "id": "a"}
    page.evaluate(show, {"one": {**mine, "id": "a"}, "two": other})
    until(page, "probe.now.two?.state === 'connected' && !probe.now.two.isLoading")
    page.evaluate("probe.now.two.send('from bob').catch(() => 0) && undefined")
    until(page, "probe.now.two.texts[0] === 'from bob'")
    assert page.evaluate("probe.now.one.texts[0]") == "in a"
    assert page.evaluate("probe.troubles") == {}

    page.evaluate("probe.leave()")
    page.wait_for_timeout(500)
    assert [socket.is_closed() for socket in sockets].count(False) == 0
    assert [line.text for line in said] == []


def test_a_picture_is_read_by_pages_of_an_allowed_origin_and_by_no_other(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    user = f"alice-{uuid.uuid4().hex[:8]}"
    page, _ = open_page(f"{page_address}/probe.html")
    page.evaluate(
        "(providers) => probe.show(providers)", {"one": {"url": stack.url, "user": user, "id": "a"}}
    )
    until(page, "probe.now.one?.state === 'connected'")
    page.evaluate("probe.now.one.send('paint a boat', { paint: true }) && undefined")
    url = until(page, "probe.now.one.images[0]?.url")
    until(page, "document.querySelector('img')?.naturalWidth > 0")  # shown before it is read

    assert page.evaluate(PIXELS, url) == "image/png"
    stranger, _ = open_page(page_address.replace("localhost", "127.0.0.1") + "/probe.html")
    assert stranger.evaluate(PIXELS, url) == "TypeError"


def test_what_is_cancelled_is_tried_again_and_what_is_brought_is_there(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    user = f"alice-{uuid.uuid4().hex[:8]}"
    page, _ = open_page(f"{page_address}/probe.html")
    provider = {"one": {"url": stack.url, "user": user, "id": "a"}}
    page.evaluate("(providers) => probe.show(providers)", provider)
    until(page, "probe.now.one?.state === 'connected'")

    stack.gemini(image_ms=20_000)
    page.evaluate("probe.now.one.send('paint a boat', { paint: true }) && undefined")
    until(page, "probe.now.one.messages.at(-1)?.meta.status === 'generating'")
    stack.gemini(image_ms=300)
    page.evaluate("probe.now.one.cancel(probe.now.one.messages.at(-1))")
    assert page.evaluate("probe.now.one.messages.at(-1).meta.status") == "cancelled"
    page.evaluate("probe.now.one.retry(probe.now.one.messages.at(-1))")
    until(page, "probe.now.one.messages.at(-1).meta.status === 'complete'")
    until(page, "probe.now.one.images.length === 1")

    brought = page.evaluate("""async () => {
        const canvas = new OffscreenCanvas(40, 30);
        canvas.getContext("2d").fillRect(0, 0, 20, 20);
        const blob = await canvas.convertToBlob({ type: "image/png" });
        return (await probe.now.one.upload(blob)).id;
    }""")
    until(page, f"probe.now.one.images[0].id === '{brought}'")
    page.evaluate("probe.now.one.remove(probe.now.one.images[0])")
    assert page.evaluate("probe.now.one.images.length") == 1


def test_a_question_is_asked_anew_in_its_place_and_goes_with_all_its_versions(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    stack.gemini(text_ms=20, script=[])
    user = f"alice-{uuid.uuid4().hex[:8]}"
    page, _ = open_page(f"{page_address}/probe.html")
    provider = {"one": {"url": stack.url, "user": user, "id": "a"}}
    page.evaluate("(providers) => probe.show(providers)", provider)
    until(page, "probe.now.one?.state === 'connected'")
    page.evaluate("probe.now.one.send('first') && undefined")
    until(page, "probe.now.one.messages[1]?.meta.status === 'complete'")

    replaces = "{ replaces: probe.now.one.messages[0].id }"
    page.evaluate(f"probe.now.one.send('second', {replaces}) && undefined")
    answered = "probe.now.one.messages[1]?.meta.status === 'complete'"
    until(page, f"probe.now.one.texts[0] === 'second' && {answered}")
    assert page.evaluate("probe.now.one.messages.length") == 2
    versions = """probe.now.one.versions(probe.now.one.messages[1])
        .map(({ question, answer, stands }) => [question.text, answer.meta.status, stands])"""
    assert page.evaluate(versions) == [
        ["first", "complete", False],
        ["second", "complete", True],
    ]

    page.evaluate(
        "probe.now.one.choose(probe.now.one.versions(probe.now.one.messages[0])[0].question)"
    )
    until(page, "probe.now.one.texts[0] === 'first' && probe.now.one.messages.length === 2")
    page.evaluate("probe.now.one.removeQuestion(probe.now.one.messages[0])")
    until(page, "probe.now.one.messages.length === 0")


def test_what_keeps_an_app_from_connecting_is_told_once(
    stack: RunningStack, page_address: str, open_page: Callable[..., Any]
) -> None:
    page, _ = open_page(f"{page_address}/probe.html")
    providers: dict[str, dict[str, object]] = {
        "none": {"url": stack.url, "token": None},
        "refused": {"url": stack.url, "token": "ey.no.token"},
        "elsewhere": {"url": page_address, "token": "t"},
        "down": {"url": "http://127.0.0.1:9", "token": "t"},
    }
    for one in providers.values():
        one["id"] = "a"
    page.evaluate("(providers) => probe.show(providers)", providers)
    stranger, said = open_page(page_address.replace("localhost", "127.0.0.1") + "/probe.html")
    barred = {"url": stack.url, "token": stack.token("alice"), "id": "a", "isQuiet": True}
    stranger.evaluate("(providers) => probe.show(providers)", {"barred": barred})

    until(page, "Object.keys(probe.troubles).length === 4")
    page.wait_for_timeout(5_000)

    assert page.evaluate("probe.troubles") == {
        "none": ["token_failed"],
        "refused": ["token_refused"],
        "elsewhere": ["wrong_url"],
        "down": ["unreachable"],
    }
    states = page.evaluate("Object.entries(probe.now).map(([name, { state }]) => [name, state])")
    assert dict(states) == {
        "none": "signed out",
        "refused": "signed out",
        "elsewhere": "connecting",
        "down": "connecting",
    }
    ours = [line.text for line in said if line.text.startswith("Afterimage:")]
    assert len(ours) == 1
    assert "name this origin in AllowedOrigins" in ours[0]
