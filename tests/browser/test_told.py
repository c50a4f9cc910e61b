"""Being told that an answer is there: the switch, notices of an open page, and a push that arrives.

A headless browser reaches no push service and shows no notice. So subscriptions are the local
stack's, and a notice is noted where it would be shown; a push is an event in the service worker.
"""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Stack
from tests.browser.people import PATIENCE_MS, expect_level, say, shifts, watch_shifts

ANSWERED = "#log .assistant.complete"
# In place of the browser's own: what it holds outlives the page, as theirs does.
STAND_INS = """(() => {
    const KEY = "test.subscription", SHOWN = "test.shown";
    const decoded = (text) => atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = (text) => Uint8Array.from(decoded(text), (letter) => letter.charCodeAt(0));
    const made = (stored) => stored && {
        endpoint: stored.json.endpoint,
        options: { applicationServerKey: bytes(stored.key).buffer },
        toJSON: () => stored.json,
        unsubscribe: async () => { localStorage.removeItem(KEY); return true; },
    };
    PushManager.prototype.getSubscription = async () => made(JSON.parse(localStorage.getItem(KEY)));
    PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
        if (window.noPushService) throw new DOMException("no push service", "AbortError");
        const json = await (await fetch("/dev/push", { method: "POST" })).json();
        localStorage.setItem(KEY, JSON.stringify({ json, key: applicationServerKey }));
        return made(JSON.parse(localStorage.getItem(KEY)));
    };
    Object.defineProperty(Notification, "permission", { get: () => "granted" });
    Notification.requestPermission = async () => Notification.permission;
    // One for each tag, as a browser shows them.
    ServiceWorkerRegistration.prototype.showNotification = async (title, { body, tag, data }) => {
        const shown = JSON.parse(localStorage.getItem(SHOWN) ?? "{}");
        localStorage.setItem(SHOWN, JSON.stringify({ ...shown, [tag]: { body, tag, data } }));
    };
})()"""
UNSEEN = """() => {
    document.hasFocus = () => window.isSeen ?? false;
    window.dispatchEvent(new Event("blur"));
}"""


@pytest.fixture
def page(stack: Stack, sign_in: SignIn, name: str) -> Page:
    stack.gemini(text_ms=20, script=[])
    page = sign_in(name, prepare=lambda tab: tab.context.add_init_script(STAND_INS))
    expect_level(page)
    return page


def switch(page: Page) -> Any:
    if not page.locator("#account").is_visible():
        page.locator("#account-button").click()
    return page.get_by_role("switch", name="Tell me when an answer is there")


def turn_on(page: Page) -> None:
    with page.expect_response("**/push/subscription") as put:
        switch(page).check()
    assert put.value.status == 204
    page.keyboard.press("Escape")


def endpoint(page: Page) -> str | None:
    stored = page.evaluate("localStorage.getItem('test.subscription')")
    return None if stored is None else str(json.loads(stored)["json"]["endpoint"])


def received(endpoint: str | None) -> list[dict[str, Any]]:
    assert endpoint is not None
    got = httpx.get(endpoint, trust_env=False).json()["received"]
    return [json.loads(each["payload"]) for each in got]


def notices(page: Page) -> list[dict[str, str]]:
    shown: dict[str, dict[str, str]] = json.loads(
        page.evaluate("localStorage.getItem('test.shown')") or "{}"
    )
    return list(shown.values())


def expect_notices(page: Page, count: int) -> list[dict[str, str]]:
    for _ in range(PATIENCE_MS // 50):
        if len(notices(page)) == count:
            break
        page.wait_for_timeout(50)
    found = notices(page)
    assert len(found) == count
    return found


def test_an_answer_that_nobody_saw_is_pushed_to_the_browser(stack: Stack, page: Page) -> None:
    turn_on(page)
    page.evaluate(UNSEEN)
    stack.gemini(script=[{"on": "text", "delay_ms": 5_500}])
    say(page, "hello")
    expect(page.locator(ANSWERED)).to_be_visible()

    for _ in range(PATIENCE_MS // 250):
        if received(endpoint(page)):
            break
        page.wait_for_timeout(250)
    (told,) = received(endpoint(page))
    assert told["outcome"] == "complete"
    assert told["chat_id"] == page.url.partition("#")[2]


def test_a_page_that_nobody_looks_at_shows_one_notice_however_many_tabs(
    page: Page, sign_in: SignIn, name: str
) -> None:
    """And who looks is shown none."""
    expect(switch(page)).not_to_be_checked()
    count = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
    assert page.evaluate(count) == 0  # nothing is registered before
    page.evaluate("window.noPushService = true")
    expect(switch(page)).to_be_enabled()
    watch_shifts(page)
    switch(page).check()
    expect(page.locator("#told-notice")).to_contain_text("while this page is open")
    expect(switch(page)).to_be_checked()
    assert shifts(page) == [0, []]
    switch(page).uncheck()
    page.evaluate("window.noPushService = false")

    turn_on(page)
    page.evaluate("document.hasFocus = () => true")
    say(page, "hello")
    expect(page.locator(ANSWERED)).to_be_visible()
    chat = page.url.partition("#")[2]
    other = sign_in(name, chat=chat, beside=page)
    expect_level(other)
    expect(switch(other)).to_be_checked()
    other.keyboard.press("Escape")
    for tab in (page, other):
        tab.evaluate(UNSEEN)
    say(page, "hello again")
    for tab in (page, other):
        expect(tab.locator(ANSWERED)).to_have_count(2)

    (notice,) = expect_notices(page, 1)
    assert notice["tag"] == page.locator(ANSWERED).last.get_attribute("data-id")
    assert notice["body"] == "Your answer is there"
    assert notice["data"] == f"{chat}/{notice['tag']}"


def test_at_the_next_start_another_key_is_subscribed_with_without_a_question(page: Page) -> None:
    turn_on(page)
    before = endpoint(page)
    page.evaluate("""() => {
        const stored = JSON.parse(localStorage.getItem("test.subscription"));
        localStorage.setItem("test.subscription", JSON.stringify({ ...stored, key: "AAAA" }));
    }""")

    with page.expect_response("**/push/subscription") as put:
        page.reload()

    anew = endpoint(page) or ""
    assert anew in (put.value.request.post_data or "")
    assert anew != before
    with page.expect_response("**/push/subscription"):
        page.evaluate("localStorage.removeItem('test.subscription')")
        page.reload()
    expect(switch(page)).to_be_checked()

    # What another person asked for ends when somebody else comes.
    page.evaluate("localStorage.setItem('afterimage.told', 'somebody')")
    page.reload()
    expect(switch(page)).not_to_be_checked()
    page.wait_for_function("localStorage.getItem('test.subscription') === null")


def test_signing_out_ends_it_here_and_at_the_server(page: Page) -> None:
    turn_on(page)
    told = endpoint(page)

    with page.expect_request(
        lambda request: request.url.endswith("/push/subscription") and request.method == "DELETE"
    ) as deleted:
        page.locator("#account-button").click()
        page.get_by_role("button", name="Sign out").click()

    assert deleted.value.post_data_json == {"endpoint": told}
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("({ ...localStorage })") == {}


@pytest.mark.parametrize(
    ("agent", "sentence"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "Home Screen"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "cannot tell you"),
    ],
)
def test_where_it_cannot_be_the_switch_says_why(
    sign_in: SignIn, name: str, agent: str, sentence: str
) -> None:
    other = f"Object.defineProperty(navigator, 'userAgent', {{ value: {json.dumps(agent)} }})"

    def prepare(tab: Page) -> None:
        tab.add_init_script(f"delete window.PushManager; {other}")

    page = sign_in(name, prepare=prepare)
    expect_level(page)

    expect(switch(page)).to_be_disabled()
    expect(page.locator("#told-notice")).to_contain_text(sentence)


def test_a_push_shows_a_notice_that_leads_to_its_chat(page: Page) -> None:
    with page.context.expect_event("serviceworker") as registered:
        turn_on(page)
    worker = registered.value
    worker.evaluate("""() => {
        self.shown = [];
        self.registration.showNotification = async (...shown) => void self.shown.push(shown);
        self.clients.matchAll = async () => [];  // no page is open
    }""")
    told = {"chat_id": "some-chat", "message_id": "01KAHZ5Y000000000000000001", "outcome": "failed"}

    worker.evaluate(
        """(told) => {
        const event = new PushEvent("push", { data: JSON.stringify(told) });
        self.dispatchEvent(event);
    }""",
        told,
    )
    for _ in range(PATIENCE_MS // 50):
        if worker.evaluate("self.shown.length"):
            break
        page.wait_for_timeout(50)

    ((title, options),) = worker.evaluate("self.shown")
    assert title == "Afterimage"
    assert options["body"] == "An answer did not work out"
    assert options["tag"] == told["message_id"]
    assert options["data"] == f"some-chat/{told['message_id']}"


def test_the_page_can_be_put_on_a_home_screen(stack: Stack, page: Page) -> None:
    link = page.locator("link[rel=manifest]")
    expect(link).to_have_count(1)
    manifest = httpx.get(f"{stack.url}{link.get_attribute('href')}", trust_env=False)

    assert manifest.headers["content-type"].startswith("application/manifest+json")
    assert manifest.json()["display"] == "standalone"
    for icon in manifest.json()["icons"]:
        picture = httpx.get(f"{stack.url}{icon['src']}", trust_env=False)
        assert re.match(r"image/png", picture.headers["content-type"])
