"""`python -m tests.browser.figures`: what the page weighs, and how long people wait, measured.

Prints one line a figure. On a quiet machine, with a simulated provider.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, find_browser
from tests.browser.crowds import many_messages, many_pictures, name_of
from tests.browser.people import expect_level, say
from tests.local_stack.gemini.painting import paint
from tests.local_stack.gemini.studio import encode
from tests.local_stack.testing import RunningStack, StackProcess
from tests.support import stocked

_ROUNDS = 20
_CHOICES = 10
_REST_MS = 700
_TIMEOUT_MS = 180_000

# Notes on the performance timeline when Enter is pressed, when the page draws that it is thought
# about, and when a placeholder reaches the socket.
_NOTE = """(() => {
    const look = () => requestAnimationFrame(() => document.querySelector(".assistant.thinking")
        ? setTimeout(() => performance.mark("thinking")) : look());
    addEventListener("keydown", ({ key, timeStamp }) => {
        if (key !== "Enter") return;
        performance.mark("enter", { startTime: timeStamp });
        look();
    }, true);
    const Own = window.WebSocket;
    window.WebSocket = class extends Own {
        constructor(url) {
            super(url);
            this.addEventListener("message", ({ data }) => {
                if (data.includes('"thinking"')) performance.mark("frame");
                if (data.includes('"complete"')) performance.mark("complete");
            });
        }
    };
})()"""

# From each Enter to "Thinking" painted, to the placeholder at the socket, and to its painting: ms.
_PLACEHOLDERS = """() => {
    const times = (name) => performance.getEntriesByName(name)
        .map(({ startTime, duration }) => startTime + duration);
    const first = (all, since) => all.find((time) => time > since) - since;
    const all = ["thinking", "frame", "afterimage:placeholder"].map(times);
    return times("enter").map((enter) => all.map((one) => first(one, enter)));
}"""

# Notes when a suggestion is pressed, and when each layer of its picture has been painted.
_NOTE_CHOICE = """(() => {
    let wanted = [];
    addEventListener("pointerdown", ({ target, timeStamp }) => {
        if (!target.closest(".suggestion")) return;
        performance.mark("pressed", { startTime: timeStamp });
        wanted = ["thumbnail", "full"];
        requestAnimationFrame(look);
    }, true);
    const look = () => {
        for (const layer of wanted.filter((one) => document.querySelector(`#log .${one}.shown`))) {
            wanted = wanted.filter((one) => one !== layer);
            setTimeout(() => performance.mark(layer));
        }
        if (wanted.length) requestAnimationFrame(look);
    };
})()"""

_SEEN = {
    "complete": "the complete frame at the page's socket",
    "thumbnail": "its picture painted, small",
    "full": "its picture painted, in full",
}

_ALL_SEEN = "names => names.every((name) => performance.getEntriesByName(name).length)"

# ms from the pressing to what came first of a name: the question's own frame is complete, too.
_SINCE_PRESSED = """(name) => {
    const [{ startTime }] = performance.getEntriesByName(name);
    return startTime - performance.getEntriesByName("pressed")[0].startTime;
}"""

# Scrolls `selector` by `step` px a frame until `last` is there.
_SCROLL = """async ({ selector, step, last }) => {
    const scroller = document.querySelector(selector);
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)))
        .observe({ type: "longtask" });
    const began = performance.now();
    let frames = 0;
    for (; !scroller.querySelector(last); frames++) {
        scroller.scrollTop += step;
        await new Promise(requestAnimationFrame);
    }
    const seconds = (performance.now() - began) / 1000;
    const heap = performance.memory.usedJSHeapSize / 2 ** 20;
    return { frames, seconds, heap, tasks, elements: document.querySelectorAll("*").length };
}"""


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.figures", description=__doc__)
    parser.add_argument("--only", choices=_FIGURES, action="append", help="one of them")
    wanted = parser.parse_args().only or list(_FIGURES)
    path = find_browser()
    if path is None:
        sys.exit("There is no Chromium here.")
    environment = {"DAILY_IMAGE_LIMIT": "100"}
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        process = StackProcess(Path(own), *stocked.ARGUMENTS, env=environment)
        stack = process.start()
        arguments = [*ARGUMENTS, "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            for name in wanted:
                _FIGURES[name](stack, _page(stack, browser))
        finally:
            browser.close()
            stack.close()
            process.stop()


def _page(stack: RunningStack, browser: Browser) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.set_default_timeout(_TIMEOUT_MS)
    page.add_init_script(_NOTE)
    page.add_init_script(_NOTE_CHOICE)
    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox").fill("measured")
    page.keyboard.press("Enter")
    expect_level(page)
    return page


def _weigh(_: RunningStack, page: Page) -> None:
    """Requests for the page and its files, and their bytes as they travel."""
    sizes = page.evaluate("""async () => {
        const own = performance.getEntriesByType("resource").map(({ name }) => name)
            .filter((name) => name.startsWith(`${location.origin}/static/`));
        const urls = ["/", ...new Set(own)];
        return Promise.all(urls.map(async (url) => {
            const { headers } = await fetch(url, { cache: "no-store" });
            return Number(headers.get("content-length"));
        }));
    }""")
    print(f"page: {len(sizes)} requests, {sum(sizes) / 1000:.1f} kB compressed")


def _wait(stack: RunningStack, page: Page) -> None:
    """From pressing Enter to what is drawn, by the browser's performance timeline.

    The page is at rest before each: the picture before is there and nothing else under way.
    """
    stack.gemini(text_ms=1_000, image_ms=1_000, drafts=1, script=[])
    for count in range(1, _ROUNDS + 1):
        say(page, f"paint a sunset, number {count}")
        expect(page.locator("#log img.full.shown")).to_have_count(count)
        page.wait_for_timeout(_REST_MS)
    thinking, at_socket, painted = zip(*page.evaluate(_PLACEHOLDERS), strict=True)
    print(
        f"Enter to a bubble: drawn after {statistics.median(thinking):.0f} ms"
        f" (at most {max(thinking):.0f})"
    )
    print(
        f"Enter to placeholder: at the page's socket after {statistics.median(at_socket):.0f} ms,"
        f" drawn after {statistics.median(painted):.0f} ms"
        f" (at most {max(painted):.0f}; median of {len(painted)})"
    )
    for what in ("preview", "picture"):
        times = page.evaluate(
            "name => performance.getEntriesByName(name).map(({ duration }) => duration)",
            f"afterimage:{what}",
        )
        if times:
            print(f"Enter to {what}: median {statistics.median(times):.0f} ms of {len(times)}")


def _choose(stack: RunningStack, page: Page) -> None:
    """From pressing a suggestion that is there to its picture, small and in full, painted."""
    picture = encode(paint("a boat", (1024, 1024)), "jpeg")
    files = stocked.files_of(picture)
    times: dict[str, list[float]] = {what: [] for what in _SEEN}
    for _ in range(_CHOICES):
        stocked.put_picture(stack, files)
        page.goto(stack.url)
        expect_level(page)
        page.locator(".suggestion").hover()
        page.wait_for_timeout(_REST_MS)
        page.mouse.down()
        page.wait_for_function(_ALL_SEEN, arg=list(_SEEN))
        page.mouse.up()
        for what, sample in times.items():
            sample.append(page.evaluate(_SINCE_PRESSED, what))
    for what, sample in times.items():
        print(
            f"a suggestion pressed to {_SEEN[what]}: median {statistics.median(sample):.0f} ms"
            f" (at most {max(sample):.0f} of {len(sample)})"
        )


def _scroll_chat(_: RunningStack, page: Page) -> None:
    many_messages(page, "long", 10_000)
    page.evaluate("location.hash = 'long'")
    page.locator(f"[data-id='{name_of(10_000)}']").wait_for()
    report = page.evaluate(
        _SCROLL, {"selector": "#log", "step": -2_000, "last": f"[data-id='{name_of(1)}']"}
    )
    _tell("chat of 10,000", report)


def _scroll_gallery(_: RunningStack, page: Page) -> None:
    many_pictures(page, 5_000, is_inline=True)
    page.evaluate("location.hash = '#/pictures'")
    page.reload()
    page.locator(".tiles li").first.wait_for()
    report = page.evaluate(
        _SCROLL, {"selector": ".tiles", "step": 700, "last": "[aria-label='picture 1']"}
    )
    _tell("gallery of 5,000", report)


def _tell(what: str, report: dict[str, Any]) -> None:
    tasks = report["tasks"]
    print(
        f"{what}: {report['frames'] / report['seconds']:.0f} frames a second,"
        f" {len(tasks)} tasks over 50 ms (longest {max(tasks, default=0):.0f} ms),"
        f" {report['heap']:.0f} MiB of heap, {report['elements']} elements"
    )


_FIGURES: Mapping[str, Callable[[RunningStack, Page], None]] = {
    "weight": _weigh,
    "wait": _wait,
    "suggestion": _choose,
    "chat": _scroll_chat,
    "gallery": _scroll_gallery,
}


if __name__ == "__main__":
    main()
