"""A chat of ten thousand messages: read as somebody goes up, held lightly, and never jumping."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.crowds import in_shape, many_messages, message, name_of
from tests.browser.people import Held, expect_level, say, shifts, watch_shifts

COUNT = 10_000
SHAPES = [(1024, 1024), (1344, 768), (768, 1344), (1248, 832), (896, 1152), (1536, 672)]

# Where the first message in view stands, without what some browsers do to keep it there.
FIRST_IN_VIEW = """() => {
    const log = document.querySelector("#log");
    log.style.overflowAnchor = "none";
    const { top } = log.getBoundingClientRect();
    const first = [...log.querySelectorAll("li")]
        .find((item) => item.getBoundingClientRect().bottom > top);
    return [first.dataset.id, Math.round(first.getBoundingClientRect().top)];
}"""

# Goes up by `step` px a frame until `last` is in the page, or `frames` have passed. Between two
# frames every message that stays must have moved by what was scrolled and nothing else.
SCROLL = """async ({ step, last, frames }) => {
    const log = document.querySelector("#log");
    const places = () => new Map([...log.querySelectorAll("li")]
        .map((item) => [item.dataset.id, item.getBoundingClientRect().top]));
    const report = { most: 0, jumps: [], reached: false };
    for (let frame = 0; frame < frames && !log.querySelector(`[data-id="${last}"]`); frame++) {
        const before = places();
        const from = log.scrollTop;
        log.scrollTop += step;
        const scrolled = log.scrollTop - from;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const after = places();
        for (const [id, top] of after) {
            const moved = before.has(id) ? before.get(id) - top - scrolled : 0;
            if (Math.abs(moved) > 1) report.jumps.push([id, moved]);
        }
        report.most = Math.max(report.most, after.size);
    }
    report.reached = log.querySelector(`[data-id="${last}"]`) !== null;
    return report;
}"""


END_TO_END = """async (last) => {
    const log = document.querySelector("#log");
    let most = 0;
    while (!log.querySelector(`[data-id="${last}"]`)) {
        log.scrollTop -= 9000;
        await new Promise(requestAnimationFrame);
        most = Math.max(most, log.querySelectorAll("li").length);
    }
    return most;
}"""


def test_history_is_read_without_jumping_and_held_lightly(
    stack: Stack, sign_in: SignIn, name: str, chat: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name, chat=chat, prepare=lambda tab: many_messages(tab, chat, COUNT))
    newest = page.locator(f"[data-id='{name_of(COUNT)}']")
    middle = page.locator(f"[data-id='{name_of(5_000)}']")
    latest = page.get_by_role("button", name="Latest")
    expect_level(page)
    expect(newest).to_be_in_viewport()

    def scroll(step: int, last: int) -> None:
        there = {"step": step, "last": name_of(last), "frames": 5_000}
        report = page.evaluate(SCROLL, there)
        assert (report["reached"], report["jumps"]) == (True, [])
        assert report["most"] < 200

    scroll(-500, COUNT - 600)
    scroll(500, COUNT)

    page.evaluate("hash => location.hash = hash", f"{chat}/{name_of(5_000)}")
    expect(middle).to_be_in_viewport()
    expect(middle).to_be_focused()
    scroll(500, 5_200)
    scroll(-500, 4_800)
    latest.click()
    expect(newest).to_be_in_viewport()

    assert page.evaluate(END_TO_END, name_of(1)) < 200
    latest.click()
    expect(newest).to_be_in_viewport()
    expect(latest).to_be_hidden()

    # Who looks at an old message sees what they send.
    page.evaluate("hash => location.hash = hash", chat)
    page.evaluate("hash => location.hash = hash", f"{chat}/{name_of(5_000)}")
    expect(middle).to_be_in_viewport()
    say(page, "Hello, how are you?")
    expect(page.locator("#log .user .text").last).to_have_text("Hello, how are you?")
    expect(page.locator("#log .assistant.complete").last).to_be_in_viewport()
    expect(newest).to_be_visible()


def test_pictures_that_come_late_move_nothing(sign_in: SignIn, name: str, chat: str) -> None:
    numbers = range(30, 0, -1)
    rows = [in_shape(message(chat, 10 * one), *SHAPES[one % len(SHAPES)]) for one in numbers]
    answer = {"messages": rows, "next_cursor": None}
    held: list[Held] = []

    def serve(tab: Page) -> None:
        many_messages(tab, chat, 0)  # serves the files
        tab.route(f"**/chats/{chat}/messages?*", lambda route: route.fulfill(json=answer))
        held.append(Held(tab, "**/cdn/many/*"))

    page = sign_in(name, chat=chat, prepare=serve)
    [files] = held
    expect(page.locator("#log li")).to_have_count(30)
    page.locator("#log").evaluate("(log) => { log.scrollTop = log.scrollHeight / 2; }")
    first = files.first()
    before = page.evaluate(FIRST_IN_VIEW)
    watch_shifts(page)

    first.fallback()
    files.let_go()
    page.wait_for_function("""() => [...document.querySelectorAll("#log img")]
        .map((image) => [image, image.getBoundingClientRect()])
        .filter(([, { top, bottom }]) => bottom > 0 && top < innerHeight)
        .every(([{ naturalWidth }]) => naturalWidth > 0)""")

    assert page.evaluate(FIRST_IN_VIEW) == before
    assert shifts(page) == [0, []]
