"""The transitions of `unified_channel.js`, in a browser, against sockets that the test plays."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "functions" / "web_page" / "static"
ORIGIN = "http://channel.test"


class Channel:
    """One UnifiedChannel, its clock, and the server's end of its sockets."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.route(f"{ORIGIN}/**", self._serve)
        page.clock.install(time=0)
        page.goto(f"{ORIGIN}/")
        page.clock.pause_at(60_000)  # from here time passes by `wait` alone
        page.add_script_tag(url="/unified_channel_harness.js", type="module")
        page.wait_for_function("window.harness")

    @staticmethod
    def _serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            route.fulfill(content_type="text/html", body="<!doctype html>")
        else:
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(path=file if path.startswith("/static/") else HERE / path[1:])

    def run(self, script: str, argument: object = None) -> object:
        return self._page.evaluate(f"async (argument) => {{ {script} }}", argument)

    def set(self, **control: object) -> None:
        self.run("Object.assign(harness.control, argument)", control)

    def open(self) -> None:
        self.run("harness.channel.open()")
        self.wait(0)

    def wait(self, ms: int) -> None:
        self._page.clock.run_for(ms)
        self.run("")

    def accept(self) -> None:
        self.run("harness.sockets.at(-1).accept()")

    def receive(self, *frames: dict[str, object], socket: int = -1) -> None:
        self.run(
            "for (const frame of argument[0]) harness.sockets.at(argument[1]).receive(frame)",
            [frames, socket],
        )

    def connect(self) -> None:
        """Level with the server at seq 40, with nothing in the log."""
        self.open()
        self.accept()
        self.receive(system("resumed", 40))
        assert self.state() == "connected"
        self.run("harness.log.length = 0; harness.sockets.at(-1).sent.length = 0")

    def state(self) -> object:
        return self.run("return harness.channel.state")

    @property
    def log(self) -> object:
        return self.run("return harness.log")

    @property
    def sent(self) -> object:
        """What the newest socket has sent."""
        return self.run("return harness.sockets.at(-1).sent")

    def sockets(self) -> object:
        return self.run("return harness.sockets.length")

    @property
    def tickets(self) -> object:
        return self.run("return harness.control.tickets")


def event(seq: int) -> dict[str, object]:
    return {"type": "broadcast", "event": "message-update", "seq": seq, "payload": {}}


def preview() -> dict[str, object]:
    return {"type": "broadcast", "event": "message-preview", "seq": None, "payload": {}}


def system(name: str, seq: int, **fields: str) -> dict[str, object]:
    return {"type": "system", "event": name, "seq": seq, **fields}


def resume(after: int) -> dict[str, object]:
    return {"action": "resume", "after": after}


PING = {"action": "ping"}


@pytest.fixture
def channel(new_context: Callable[[], BrowserContext]) -> Channel:
    return Channel(new_context().new_page())


def test_live_events_wait_for_the_first_snapshot(channel: Channel) -> None:
    channel.set(holdSnapshot=True)
    channel.open()
    channel.accept()

    channel.receive(event(41), preview(), system("resumed", 41))
    assert channel.log == []
    channel.run("harness.releaseSnapshot()")

    assert channel.log == ["snapshot", 41]
    assert channel.sent == [resume(40)]


def test_events_are_delivered_once_and_in_order(channel: Channel) -> None:
    channel.connect()

    channel.receive(event(42), event(41), event(41), event(40), preview(), event(43), event(42))

    assert channel.log == [41, 42, "message-preview", 43]


def test_a_gap_is_asked_for_after_300_ms(channel: Channel) -> None:
    channel.connect()

    channel.receive(event(42))
    channel.wait(299)
    assert channel.sent == []
    channel.wait(1)
    assert channel.sent == [resume(40)]
    channel.receive(event(41), event(42), system("resumed", 42))

    assert channel.log == [41, 42]


def test_a_gap_that_fills_by_itself_is_not_asked_for(channel: Channel) -> None:
    channel.connect()

    channel.receive(event(42))
    channel.wait(200)
    channel.receive(event(41))
    channel.wait(5000)

    assert channel.sent == []


def test_a_pong_that_is_ahead_leads_to_a_resume(channel: Channel) -> None:
    channel.connect()

    channel.receive(system("pong", 42))
    channel.wait(300)

    assert channel.sent == [resume(40)]


def test_a_hole_that_no_resume_fills_is_asked_for_ever_more_seldom(channel: Channel) -> None:
    channel.connect()
    channel.receive(system("pong", 42))

    for resumes, patience in enumerate((300, 600, 1200)):
        channel.wait(patience - 1)
        assert channel.sent == [resume(40)] * resumes
        channel.wait(1)
        assert channel.sent == [resume(40)] * (resumes + 1)
        channel.receive(system("resumed", 42))


def test_more_is_followed_by_a_resume_from_there(channel: Channel) -> None:
    channel.open()
    channel.accept()

    channel.receive(event(41), event(42), system("more", 42))
    channel.receive(event(43), system("resumed", 43))

    assert channel.sent == [resume(40), resume(42)]
    assert channel.log == ["snapshot", 41, 42, 43]
    assert channel.state() == "connected"


def test_a_reset_takes_a_snapshot_and_goes_on_from_it(channel: Channel) -> None:
    channel.connect()
    channel.set(holdSnapshot=True)

    channel.receive(system("reset", 3), event(4))
    assert channel.state() == "connecting"
    channel.run("harness.releaseSnapshot()")
    channel.receive(event(5), system("resumed", 5))

    assert channel.sent == [resume(4)]
    assert channel.log == ["snapshot", 4, 5]
    assert channel.state() == "connected"


def test_tickets_that_fail_are_asked_for_with_growing_delays(channel: Channel) -> None:
    channel.set(ticketsFail=True)
    channel.open()

    for failures, delay in enumerate((500, 1000, 2000, 4000, 8000, 16000, 30000, 30000), start=1):
        assert channel.tickets == failures
        channel.wait(delay - 1)
        assert channel.tickets == failures
        channel.wait(1)
    channel.set(ticketsFail=False)
    channel.wait(30000)
    channel.accept()
    channel.receive(system("resumed", 40))

    assert channel.state() == "connected"


def test_a_dead_socket_is_replaced_and_has_no_say_any_more(channel: Channel) -> None:
    channel.set(openMessage=True)
    channel.connect()
    channel.receive(event(41))

    channel.wait(25_000)
    assert channel.sent == [PING]
    channel.wait(10_000)  # no answer
    channel.wait(500)
    assert channel.sockets() == 2
    channel.receive(event(42), socket=0)
    channel.accept()

    assert channel.log == [41]
    assert channel.sent == [resume(41)]


def test_an_idle_channel_is_pinged_every_four_minutes(channel: Channel) -> None:
    channel.connect()

    channel.wait(239_999)
    assert channel.sent == []
    channel.wait(1)

    assert channel.sent == [PING]


def test_offline_drops_the_socket_and_waking_connects_at_once(channel: Channel) -> None:
    channel.connect()

    channel.run("harness.channel.offline()")
    assert channel.state() == "connecting"
    channel.run("harness.channel.wake()")
    channel.wait(0)

    assert channel.sockets() == 2


def test_a_refused_resume_begins_anew(channel: Channel) -> None:
    channel.open()
    channel.accept()

    channel.receive(system("error", 40, code="internal", message="Something went wrong."))
    channel.wait(500)

    assert channel.sockets() == 2


def test_a_reset_forgets_what_was_held_back(channel: Channel) -> None:
    channel.connect()

    channel.receive(event(42), system("reset", 41))

    assert channel.log == ["snapshot"]
    assert channel.sent == [resume(41)]


def test_success_makes_the_next_reconnect_quick_again(channel: Channel) -> None:
    channel.set(ticketsFail=True)
    channel.open()
    channel.wait(500 + 1000 + 2000)
    channel.set(ticketsFail=False)
    channel.wait(4000)
    channel.accept()
    channel.receive(system("resumed", 40))

    channel.run("harness.channel.offline()")
    channel.wait(500)

    assert channel.sockets() == 2


def test_a_tab_that_made_room_for_a_newer_one_comes_back_late(channel: Channel) -> None:
    channel.connect()

    channel.receive(system("error", 40, code="replaced", message="A newer tab took over."))
    channel.run("harness.sockets.at(-1).onclose()")
    channel.wait(29_999)
    assert channel.sockets() == 1
    channel.wait(1)

    assert channel.sockets() == 2
