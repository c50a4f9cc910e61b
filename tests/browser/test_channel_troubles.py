"""What `unified_channel.js` tells whoever builds an app with it, and how often."""

from typing import Any

import pytest

from tests.browser.channels import Channel, system, update

BEGINNING = "GET /realtime/events"
TICKET = "POST /realtime/tickets"
PROBE = "GET /config.json"
SILENT = [(0, "")] * 20
ELSEWHERE = [(200, "<!doctype html><title>Vite</title>")] * 20
REFUSED = [(401, {"error": {"code": "unauthorized", "message": "No."}})] * 40


def troubles(channel: Channel) -> Any:
    return channel.run("return harness.troubles")


def recovers(channel: Channel) -> bool:
    """Whether the same channel connects when somebody looks and all is well."""
    channel.set(answers={})
    channel.run("harness.channel.wake()")
    channel.wait(0)
    channel.accept()
    channel.receive(system("resumed", 40))
    return bool(channel.state == "connected")


@pytest.mark.parametrize(
    ("request_", "answers", "trouble", "state"),
    [
        (BEGINNING, REFUSED, "token_refused", "signed out"),
        (BEGINNING, SILENT, "origin_not_allowed", "connecting"),
        (BEGINNING, ELSEWHERE, "wrong_url", "connecting"),
        (BEGINNING, [(404, "Not here")] * 20, "wrong_url", "connecting"),
        (BEGINNING, [(404, {"error": {"code": "not_found"}})] * 20, "wrong_url", "connecting"),
        (BEGINNING, [(200, {"hello": "world"})] * 20, "wrong_url", "connecting"),
        (BEGINNING, [(500, "Oh")] * 20, "unreachable", "connecting"),
    ],
)
def test_a_trouble_is_told_once_and_is_over_when_it_is(
    channel: Channel, request_: str, answers: list[tuple[int, object]], trouble: str, state: str
) -> None:
    channel.answer(request_, *answers)
    channel.open()
    channel.wait(30_000)

    assert (troubles(channel), channel.state) == ([trouble], state)
    assert recovers(channel)
    assert troubles(channel) == [trouble]


@pytest.mark.parametrize("token", ["() => { throw 1 }", "() => null", "async () => undefined"])
def test_without_a_token_nothing_is_asked_and_somebody_is_signed_out(
    channel: Channel, token: str
) -> None:
    channel.open(f"{{ token: (why) => (window.token ?? ({token}))(why) }}")
    channel.wait(30_000)

    assert (troubles(channel), channel.state) == (["token_failed"], "signed out")
    assert channel.requests == []
    assert channel.log == ["signed out"]

    channel.run("window.token = () => 'good'")
    assert recovers(channel)


def test_a_server_that_nobody_reaches_is_told_from_one_that_bars_the_page(channel: Channel) -> None:
    channel.answer(BEGINNING, *SILENT)
    channel.answer(PROBE, (0, ""))
    channel.open()
    channel.wait(30_000)

    assert troubles(channel) == ["unreachable"]
    assert channel.requests.count(PROBE) == 1


def test_an_outage_is_told_once_and_nothing_else_of_it(channel: Channel) -> None:
    channel.connect()
    channel.set(ticketsFail=True, replayFails=True)
    channel.fail()
    channel.wait(120_000)

    assert (troubles(channel), channel.state) == (["unreachable"], "connecting")
    assert PROBE not in channel.requests  # it was allowed before

    channel.set(ticketsFail=False, replayFails=False)
    assert recovers(channel)


def test_a_trouble_that_comes_back_is_told_again(channel: Channel) -> None:
    for _ in range(2):
        channel.answer(TICKET, *REFUSED)
        if channel.requests == []:
            channel.open()
        else:
            channel.fail()
        channel.wait(2_000)
        assert recovers(channel)

    assert troubles(channel) == ["token_refused"] * 2


def test_one_answer_that_did_not_come_is_no_trouble(channel: Channel) -> None:
    """Also one that was broken off: fetch then says AbortError."""
    channel.open("""{ fetch: async (url, init) => {
        if (harness.log.length === 0 && !window.broken) {
            window.broken = true;
            throw new DOMException("broken off", "AbortError");
        }
        return harness.answer(url, init);
    } }""")
    channel.wait(1_000)
    channel.accept()
    channel.receive(system("resumed", 40))

    assert (troubles(channel), channel.state) == ([], "connected")


def test_what_is_offline_is_nobodys_fault(channel: Channel) -> None:
    channel.run("Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })")
    channel.answer(BEGINNING, *SILENT)
    channel.open()
    channel.wait(120_000)

    assert troubles(channel) == []


def test_a_token_that_ends_beside_an_open_socket_leaves_it_connected(channel: Channel) -> None:
    channel.connect()
    channel.answer("GET /chats", *REFUSED)

    code = channel.run("return harness.channel.get('/chats').catch(({ code }) => code)")

    assert code == "unauthorized"
    assert (troubles(channel), channel.state) == (["token_refused"], "connected")
    channel.answer(TICKET, *REFUSED)
    channel.receive(system("error", 40, code="token_expired"))
    channel.wait(2_000)
    assert (troubles(channel), channel.state) == (["token_refused"], "signed out")


def test_a_snapshot_that_is_rejected_is_told(channel: Channel) -> None:
    channel.set(snapshotFails=True)
    channel.open()
    channel.accept()
    channel.receive(system("resumed", 40))
    channel.wait(20_000)

    assert troubles(channel) == ["snapshot_failed"]

    channel.set(snapshotFails=False)
    channel.wait(30_000)
    assert "snapshot" in channel.log


def test_sockets_that_do_not_get_through_are_told_and_events_come_all_the_same(
    channel: Channel,
) -> None:
    channel.open()
    for _ in range(2):
        channel.run("harness.sockets.at(-1).refuse()")
        channel.wait(4_000)

    assert (troubles(channel), channel.state, channel.via) == (
        ["socket_failed"],
        "connected",
        "http",
    )


def test_where_nobody_listens_the_console_says_it_once(channel: Channel) -> None:
    channel.set(listens=False)
    channel.run("window.said = []; console.error = (...words) => said.push(words)")
    channel.answer(BEGINNING, *REFUSED)
    channel.open()
    channel.wait(30_000)

    ((sentence, cause),) = channel.run(
        "return said.map(([sentence, cause]) => [sentence, cause.code])"
    )
    assert "refused the token" in sentence
    assert sentence.endswith("(token_refused)")
    assert cause == "unauthorized"


def test_nothing_is_left_of_a_channel_that_was_closed(channel: Channel) -> None:
    channel.set(snapshotFails=True)
    channel.run("""
        window.pending = new Set();
        const { setTimeout, clearTimeout } = window;
        window.setTimeout = (act, ms) => {
            const id = setTimeout(() => { pending.delete(id); act(); }, ms);
            pending.add(id);
            return id;
        };
        window.clearTimeout = (id) => { pending.delete(id); clearTimeout(id); };
    """)
    channel.open()
    channel.accept()
    channel.receive(system("resumed", 40), update(42))

    assert channel.run("return pending.size") > 0
    channel.close()
    assert channel.run("return pending.size") == 0
    channel.wait(60_000)
    assert (channel.run("return pending.size"), channel.dropped) == (0, [True])


def test_an_address_may_end_with_a_slash(channel: Channel) -> None:
    channel.open("{ url: 'https://api.test/' }")

    assert channel.requests[0] == BEGINNING
