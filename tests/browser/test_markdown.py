"""Answers are shown as their Markdown means them, and everything else as it was written."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.crowds import message, name_of
from tests.browser.people import complaints, expect_level, say, shifts, watch_shifts
from tests.browser.test_accessibility import expect_no_violations

STEPS = """First do this:

1. Install it:
   ```sh
   make run
   ```
2. Open the page.
   - with a *browser*
   - or **another** one

Then ask."""
TABLE = "| a | b |\n|---|:-:|\n| `1` | two |\n| &amp; | [x](https://a.test) |\n\nend"
REFERENCE = "See [the docs][d] and ~~not~~ this.\n\n> quoted\n> twice\n\n[d]: https://docs.test/a_b"
NESTED = "# Title\n\n- [x] done\n- [ ] open\n\n  more\n\n---\n\na  \nb\\\nc\n\n1. x\n2. y"
TEXTS = [STEPS, TABLE, REFERENCE, NESTED, "```js\nlet a = 1 < 2 && b;\n```\n*after*"]
AS_WRITTEN = [
    "x[i][j] and i<n in [0, 1) of $HOME for snake_case_names",
    "3~5次，每次10~20元",
    "use <your name> and <b>x</b> and <div>",
    "<details>\nan element & its own line",
    "2 * 3 * 4 = 24 and a_b_c",
]
RENDER = """async ({ text, size }) => {
    const { Markdown } = await import("/static/markdown.js");
    const root = document.createElement("div");
    const markdown = new Markdown(root);
    for (let end = size; end < text.length; end += size) markdown.show(text.slice(0, end));
    markdown.show(text);
    return [root.innerHTML, root.textContent];
}"""


Rendered = Callable[..., tuple[str, str]]


@pytest.fixture
def rendered(page_of_stack: Page) -> Rendered:
    """Markup and text of what is shown, where the text comes in pieces of `size`."""

    def rendered(text: str, size: int = 10**6) -> tuple[str, str]:
        markup, content = page_of_stack.evaluate(RENDER, {"text": text, "size": size})
        return markup, content

    return rendered


def open_chat(page: Page, chat: str, *texts: str) -> None:
    """A chat that has a question and an answer with each of these texts."""
    expect_level(page)
    rows: list[dict[str, object]] = []
    for number, text in enumerate(texts, start=1):
        question = message(chat, 20 * number + 1) | {"text": "What is it?"}
        rows += [question, message(chat, 20 * number + 2) | {"text": text}]
    answer = {"messages": rows[::-1], "next_cursor": None}
    page.route(f"**/chats/{chat}/messages?*", lambda route: route.fulfill(json=answer))
    page.evaluate("chat => location.hash = chat", chat)


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("text", TEXTS)
def test_what_came_in_pieces_is_what_comes_as_a_whole(
    rendered: Rendered, text: str, size: int
) -> None:
    assert rendered(text, size) == rendered(text)


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_what_is_no_markdown_keeps_every_character(rendered: Rendered, text: str) -> None:
    markup, content = rendered(text)

    assert content == text
    assert markup.count("<") == 2 * markup.count("<p ")


def test_steps_with_code_are_one_list(rendered: Rendered) -> None:
    markup, content = rendered(STEPS)

    assert markup.count("<ol") == 1
    assert markup.count("<ul") == 1
    assert "make run" in content
    assert "```" not in content


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_tasks_have_their_boxes_in_place_of_points(rendered: Rendered, between: str) -> None:
    markup, content = rendered(f"- [x] done{between}- [ ] open{between}- plain")

    assert content == "☑ done☐ openplain"
    assert markup.count('class="task"') == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```py\nprint(1)", "print(1)"),
        ("see [the docs](https://a.te", "see [the docs](https://a.te"),
        ("| a | b |\n|---|---|\n| 1 | tw", "ab1tw"),
        ("so **it is", "so **it is"),
    ],
)
def test_an_answer_may_end_anywhere(rendered: Rendered, text: str, shown: str) -> None:
    assert shown in rendered(text)[1]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:window.ran=1",
        "javascript&#58;window.ran=1",
        "&#106;avascript:window.ran=1",
        "JaVaScRiPt&colon;window.ran=1",
        "java&Tab;script:window.ran=1",
        "data:text/html,x",
        "//evil.test/x",
        "/dev/status",
    ],
)
def test_other_addresses_are_text(rendered: Rendered, address: str) -> None:
    for text in (f"[x]({address})", f"[x][y]\n\n[y]: {address}", f"![x]({address})"):
        markup, _ = rendered(text)
        assert "<a" not in markup, text
        assert "<img" not in markup, text


def test_a_link_opens_apart_with_its_entities_decoded_once(rendered: Rendered) -> None:
    markup, _ = rendered("[a &amp;lt; b](https://a.test/?x=1&amp;y=2) `&amp;` <c@d.test>")

    assert 'href="https://a.test/?x=1&amp;y=2" target="_blank" rel="noopener noreferrer"' in markup
    assert ">a &amp;lt; b</a>" in markup
    assert "<code>&amp;amp;</code>" in markup
    assert 'href="mailto:c@d.test"' in markup


def test_a_text_that_is_nested_without_end_is_shown_as_it_is(rendered: Rendered) -> None:
    text = "> " * 8_000 + "x"

    assert rendered(text)[1].endswith("x")


def test_blocks_that_stay_are_the_same_nodes_and_keep_what_is_marked(page_of_stack: Page) -> None:
    kept = page_of_stack.evaluate(
        """async (text) => {
            const { Markdown } = await import("/static/markdown.js");
            const root = document.createElement("div");
            document.body.append(root);
            const markdown = new Markdown(root);
            markdown.show("One *word* here.\\n\\nAnd se");
            const [first] = root.children;
            getSelection().selectAllChildren(first);
            for (const end of text) markdown.show(end);
            return [root.firstChild === first, getSelection().toString()];
        }""",
        ["One *word* here.\n\nAnd seven", "One *word* here.\n\nAnd seven\n\n- more"],
    )

    assert kept == [True, "One word here."]


def test_answers_are_copied_keep_to_their_place_and_ask_for_nothing_from_elsewhere(
    sign_in: SignIn, name: str, chat: str
) -> None:
    page = sign_in(name)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    elsewhere = "http://127.0.0.1:9/secret"
    text = f"![p]({elsewhere}.png) [r][x] <{elsewhere}> <img src={elsewhere}>\n\n[x]: {elsewhere}"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    found = complaints(page)

    open_chat(page, chat, text, "1. x\n2. y", STEPS)

    answers = page.locator(".assistant")
    foreign, short, answer = (answers.nth(number) for number in range(3))
    expect(foreign.locator(".text a")).to_have_count(3)
    expect(foreign.locator(".text")).to_contain_text("p r")
    expect(foreign.locator(".text img")).to_have_count(0)
    assert [url for url in asked if "secret" in url] == []
    first, second = short.locator("ol li").evaluate_all(
        "steps => steps.map((step) => step.getBoundingClientRect())"
    )
    assert second["top"] - first["top"] - first["height"] < 8  # they stand close

    read = "navigator.clipboard.readText()"
    watch_shifts(page)
    answer.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate(read) == "make run"
    answer.get_by_role("button", name="Copy the answer").click()
    expect(answer.locator("use[href='#icon-check']")).to_have_count(1)
    assert page.evaluate(read) == STEPS
    assert shifts(page) == [0, []]
    assert found == []
    expect_no_violations(page, "answers with links and steps")

    page.set_viewport_size({"width": 320, "height": 640})
    row = "|" + "column|" * 12
    wide = f"{row}\n|{'---|' * 12}\n{row}\n\n```\n{'x' * 400}\n```\n\n{'y' * 300}"
    open_chat(page, f"{chat}-wide", wide)
    expect(page.locator(".assistant table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.locator("#log").evaluate("log => log.scrollWidth === log.clientWidth")
    for wide_one in (page.locator(".assistant .table"), page.locator(".assistant pre")):
        assert wide_one.evaluate("one => one.scrollWidth > one.clientWidth && one.tabIndex === 0")
    expect_no_violations(page, "a wide table and wide code")


def test_what_people_write_is_text_and_folded_where_it_is_long(
    stack: Stack, sign_in: SignIn, name: str
) -> None:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name)
    text = "# a *b* <c>\n- `d` &amp; [e](https://f.test)"
    say(page, text)
    assert page.locator(".user .text").evaluate("one => one.textContent") == text
    expect(page.locator("#chats li a")).to_have_text(text.replace("\n", " "))
    expect(page.locator(".user .text :is(h3, em, a, li, code)")).to_have_count(0)
    expect(page.locator(".assistant.complete")).to_be_visible()

    long = "\n".join(f"line {number}" for number in range(40))
    say(page, long)
    shown = page.locator(".user .text").last
    height = "one => one.getBoundingClientRect().height"
    expect(page.locator(".user")).to_have_count(2)
    assert shown.evaluate(height) < 250
    page.get_by_role("button", name="Show all").click()
    assert shown.evaluate(height) > 800
    expect(page.get_by_role("button", name="Show less")).to_be_focused()
    expect(page.locator(".assistant.complete")).to_have_count(2)
    assert shown.evaluate(height) > 800  # what came meanwhile has not folded it again
    page.get_by_role("button", name="Show less").click()

    assert shown.evaluate(height) < 250
    assert shown.evaluate("one => one.textContent") == long
    say(page, "short")
    expect(page.locator(".user")).to_have_count(3)
    expect(page.get_by_role("button", name="Show all")).to_have_count(1)


def test_words_are_there_also_where_it_cannot_be_loaded(
    new_context: Callable[..., BrowserContext],
    sign_in_with: Callable[..., Page],
    name: str,
    chat: str,
) -> None:
    tab = new_context().new_page()
    tab.route("**/markdown.js", lambda route: route.abort())
    page = sign_in_with(tab, name)
    open_chat(page, chat, "some **words**")

    expect(page.locator(".assistant .text")).to_have_text("some **words**")


def test_the_first_words_wait_for_it_and_move_nothing(
    new_context: Callable[..., BrowserContext],
    sign_in_with: Callable[..., Page],
    name: str,
    chat: str,
) -> None:
    tab = new_context().new_page()
    held: list[Route] = []
    tab.route("**/markdown.js", lambda route: held.append(route))  # noqa: PLW0108 - takes no builtin
    page = sign_in_with(tab, name)
    expect_level(page)
    watch_shifts(page)
    open_chat(page, chat, STEPS, TABLE, "# Title\n\nwords")
    page.wait_for_timeout(300)

    for route in held:
        route.continue_()

    expect(page.locator(f"[data-id='{name_of(62)}'] h3")).to_be_visible()
    assert shifts(page) == [0, []]
