"""A channel in a browser, whose clock, sockets and answers the test holds in its hand."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "functions" / "web_page" / "static"
ORIGIN = "http://channel.test"

Frame = dict[str, Any]


class Channel:
    """One channel, its clock, and the server's end of what it opens."""

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

    def run(self, script: str, argument: object = None) -> Any:
        return self._page.evaluate(f"async (argument) => {{ {script} }}", argument)

    def set(self, **control: object) -> None:
        self.run("Object.assign(harness.control, argument)", control)

    def answer(self, request: str, *answers: tuple[int, object]) -> None:
        """The next answers to this request, each a status (0: no answer) and a body."""
        self.run("harness.control.answers[argument[0]] = argument[1]", [request, answers])

    def open(self, options: str = "{}") -> None:
        """Opens a channel; `options` are those that differ, as JavaScript."""
        self.run(f"harness.open({options})")
        self.wait(0)

    def wait(self, ms: int) -> None:
        self._page.clock.run_for(ms)
        self.run("")

    def wait_with_pings(self, ms: int) -> None:
        """Time passes with a server that answers every ping of the first socket."""
        self.run("""
            const [socket] = harness.sockets;
            const send = socket.send;
            socket.send = (text) => {
                send.call(socket, text);
                queueMicrotask(() => socket.receive({ type: "system", event: "pong", seq: 40 }));
            };
        """)
        self.wait(ms)

    def accept(self) -> None:
        self.run("harness.sockets.at(-1).accept()")

    def fail(self) -> None:
        self.run("harness.sockets.at(-1).fail()")

    def close(self) -> None:
        self.run("harness.channel.close()")

    def hide(self, hidden: bool) -> None:
        self.run(
            """
            Object.defineProperty(document, "hidden", { configurable: true, value: argument });
            document.dispatchEvent(new Event("visibilitychange"));
            """,
            hidden,
        )

    def receive(self, *frames: Frame, socket: int = -1) -> None:
        self.run(
            "for (const frame of argument[0]) harness.sockets.at(argument[1]).receive(frame)",
            [frames, socket],
        )

    def happen(self, name: str) -> None:
        """What the browser says to a page, or to its document."""
        target = "document" if name in {"visibilitychange", "resume"} else "window"
        self.run(f"{target}.dispatchEvent(new Event(argument))", name)

    def connect(self) -> None:
        """Level with the server at seq 40, with nothing in the log."""
        self.open()
        self.accept()
        self.receive(system("resumed", 40))
        assert self.state == "connected"
        self.forget()

    def forget(self) -> None:
        self.run("""
            harness.log.length = harness.requests.length = 0;
            harness.sockets.at(-1).sent.length = 0;
        """)

    def take(self, *messages: Frame) -> None:
        """As they come over HTTP."""
        self.run("harness.channel.take(argument)", messages)

    def texts(self) -> Any:
        """Of the messages of a chat."""
        return self.run('return harness.channel.messages("c").map(({ text }) => text)')

    @property
    def state(self) -> Any:
        return self.run("return harness.channel.state")

    @property
    def via(self) -> Any:
        return self.run("return harness.channel.via")

    @property
    def log(self) -> Any:
        return self.run("return harness.log")

    @property
    def sent(self) -> Any:
        """What the newest socket has sent."""
        return self.run("return harness.sockets.at(-1).sent")

    @property
    def requests(self) -> Any:
        return self.run("return harness.requests")

    @property
    def sockets(self) -> Any:
        return self.run("return harness.sockets.length")

    @property
    def dropped(self) -> Any:
        """Which sockets have been closed, from the first on."""
        return self.run("return harness.sockets.map((socket) => socket.readyState === 3)")

    @property
    def tickets(self) -> Any:
        return self.run("return harness.control.tickets")


def message(name: str, version: int, status: str = "complete", **fields: object) -> Frame:
    slot = {"id": f"{name}'s picture", "status": status}
    meta = {"status": status, "message_type": "image", "images": [slot]}
    return {"id": name, "version": version, "chat_id": "c", "text": "", "meta": meta, **fields}


def broadcast(event: str, seq: int | None, **payload: object) -> Frame:
    return {"type": "broadcast", "event": event, "seq": seq, "payload": payload}


def update(seq: int, name: str = "m", version: int | None = None, **fields: Any) -> Frame:
    """An event of a message; by default each is a new version of the same one."""
    row = message(name, seq if version is None else version, **fields)
    return broadcast("message-update", seq, chat_id="c", message=row)


def preview(name: str, image: str | None = None) -> Frame:
    image_id = image or f"{name}'s picture"
    return broadcast("message-preview", None, chat_id="c", message_id=name, image_id=image_id)


def delta(name: str, version: int, offset: int, text: str) -> Frame:
    payload = {"message_id": name, "version": version, "offset": offset, "text": text}
    return broadcast("message-delta", None, chat_id="c", **payload)


def system(name: str, seq: int, **fields: str) -> Frame:
    return {"type": "system", "event": name, "seq": seq, **fields}


def resume(after: int) -> Frame:
    return {"action": "resume", "after": after}
