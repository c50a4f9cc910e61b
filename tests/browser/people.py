"""What somebody does on the page, and what they see: steps that the tests of the page share."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.local_stack.testing import RunningStack

PATIENCE_MS = 20_000  # how long a machine under load may take; no test measures time
UNDO_MS = 11_000  # for so long what was deleted can be had back, and a second more


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")


def skeleton(page: Page) -> Locator:
    return page.locator("#log .picture[aria-busy]")


def last_answer(page: Page) -> Locator:
    return page.locator("#log .assistant").last


def chat_with(stack: RunningStack, name: str, chat: str, *texts: str) -> None:
    """A chat in which somebody has said this already, and was answered."""
    http = stack.http(name)
    for text in texts:
        http.post(f"/chats/{chat}/messages", json={"text": text}, timeout=40).raise_for_status()


def posts_of(page: Page) -> list[dict[str, Any]]:
    """Bodies of the messages that are sent from here on."""
    posted: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/messages"):
            posted.append(json.loads(request.post_data or ""))

    page.on("request", note)
    return posted


def expect_picture(page: Page, count: int = 1) -> None:
    """The last of `count` pictures in the chat is there in full, and so is its gallery tile."""
    full = page.locator("#log img.full")
    expect(full).to_have_count(count)
    full.last.scroll_into_view_if_needed()
    tiles = page.locator(".gallery li img")
    expect(tiles).to_have_count(count)
    for picture in (full.last, tiles.first):
        expect(picture).to_have_css("opacity", "1")
        assert picture.evaluate("img => img.naturalWidth") > 0


def expect_level(page: Page) -> None:
    """The channel is connected."""
    expect(page.locator("#connection")).to_be_empty()
    expect(page.locator("#usage")).not_to_be_empty()


class Held:
    """Requests of a page that wait, each until the test answers it."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url
        self._routes: list[Route] = []
        page.route(url, self._hold)

    def _hold(self, route: Route) -> None:
        self._routes.append(route)

    def first(self) -> Route:
        """The request that has waited longest, as soon as there is one; it waits no more."""
        for _ in range(PATIENCE_MS // 20):
            if self._routes:
                return self._routes.pop(0)
            self._page.wait_for_timeout(20)
        raise AssertionError("The page asked for nothing.")

    def let_go(self) -> None:
        """Whatever waits goes on, to the route before this one, and nothing waits any more."""
        self._page.unroute(self._url, self._hold)
        for route in self._routes:
            route.fallback()
        self._routes.clear()


def with_motion(page: Page) -> None:
    """From here on what glides and fades does so; the browsers of these tests decline it otherwise.

    It is what most people see, and doubles what a picture costs: for tests of what moves.
    """
    page.emulate_media(reduced_motion="no-preference")


def wait_for_glides(page: Page) -> None:
    """Every message is where it belongs: until then, it is drawn somewhere else."""
    expect(page.locator("#log li[style*=transform]")).to_have_count(0)


def settle(page: Page) -> None:
    """Two frames have been drawn: what was to move has moved."""
    page.evaluate(
        """() => new Promise((done) =>
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
    )


def watch_shifts(page: Page) -> None:
    """From here on things move, and every layout shift counts, also one after a key or a click."""
    with_motion(page)
    page.evaluate("""() => {
        const since = performance.now();
        window.shift = 0;
        window.shifted = [];
        new PerformanceObserver((list) => {
            for (const { startTime, value, sources } of list.getEntries()) {
                if (startTime < since) continue;
                window.shift += value;
                const box = ({ y, height }) => `${y.toFixed()}+${height.toFixed()}`;
                window.shifted.push(...sources.map(({ node, previousRect, currentRect }) =>
                    `${node?.nodeName} ${node?.id ?? ""} ${node?.className ?? ""}` +
                    ` ${box(previousRect)} to ${box(currentRect)}`));
            }
        }).observe({ type: "layout-shift", buffered: true });
    }""")


def shifts(page: Page) -> Any:
    """The sum of all layout shifts, and what was shifted."""
    return page.evaluate("[window.shift, window.shifted]")


def complaints(page: Page) -> list[str]:
    """What the console will complain of from here on."""
    found: list[str] = []
    page.on("console", lambda line: found.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
