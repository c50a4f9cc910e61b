"""A client of the unified channel that keeps the contract's rules and remembers all it did.

The rules are those of `unified_channel.js`: events are applied once and in order of `seq`, a gap
is waited out and then asked for, `more` and `reset` are heeded, a cut connection comes back with
full-jitter backoff, the newer version of a message stays. What is applied goes into `log`, so
that doubles, holes and reorderings would be seen; what breaks the contract goes into `wrong`.

Many clients share one event loop. Tests that are not asynchronous use `Crowd`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.local_stack.testing import RunningStack
from tests.support.described import problems_of_message

Frame = dict[str, Any]
ValueT = TypeVar("ValueT")

TITLE_LENGTH = 80  # characters of the first message that title a chat
LARGEST_FRAME = 32 * 1024  # bytes
_REPLACED_FAILURES = 8  # told to make room for a newer tab: come back late
_PATIENCE = 30.0  # seconds; only so that a broken run ends


@dataclass(frozen=True)
class Rules:
    """Times in seconds. Those that only decide how soon a lost frame is missed are the tests'."""

    gap: float = 0.3
    answer: float = 10.0
    ping: float = 25.0
    backoff: float = 0.5
    longest_backoff: float = 30.0


QUICK = Rules(answer=12.0, ping=2.0, backoff=0.1, longest_backoff=1.0)


@dataclass(frozen=True)
class Applied:
    """One thing that changed what the client shows.

    Attributes:
        what: name of the event, or `snapshot`.
        about: ids of what it is about.
        version: of the message it carried.
        status: of that message.
        at: epoch seconds.
    """

    seq: int | None
    what: str
    about: tuple[str, ...] = ()
    version: int | None = None
    status: str | None = None
    at: float = field(default_factory=time.time, compare=False)


@dataclass
class Shown:
    """What a page would show: the newest version of everything, and nothing deleted."""

    messages: dict[str, Frame] = field(default_factory=dict)
    images: dict[str, Frame] = field(default_factory=dict)
    chats: dict[str, str | None] = field(default_factory=dict)  # id to title
    previews: dict[str, str] = field(default_factory=dict)  # of pictures, to their messages
    words: dict[tuple[str, int], str] = field(default_factory=dict)  # by message id and version
    taken_back: list[str] = field(default_factory=list)  # shown, and then ended otherwise
    _deleted: set[str] = field(default_factory=set)

    def replace(self, snapshot: Snapshot) -> None:
        self.chats = dict(snapshot.chats)
        self.messages = {
            message["id"]: message
            for message in snapshot.messages
            if message["id"] not in self._deleted and message["chat_id"] not in self._deleted
        }
        self.images = {
            image["id"]: image
            for image in snapshot.images
            if image["id"] not in self._deleted and image["chat_id"] not in self._deleted
        }

    def apply(self, event: str, payload: Frame) -> None:
        match event:
            case "message-insert" | "message-update":
                self._message(payload["message"])
            case "image-insert" | "image-update":
                image = payload["image"]
                if image["id"] not in self._deleted and image["chat_id"] not in self._deleted:
                    self.images[image["id"]] = image
            case "message-delete":
                self._forget(self.messages, payload["message_ids"])
            case "image-delete":
                self._forget(self.images, payload["image_ids"])
            case "chat-update":
                if payload["chat"]["id"] not in self._deleted:
                    self.chats[payload["chat"]["id"]] = payload["chat"]["title"]
            case "chat-delete":
                self._forget(self.chats, [payload["chat_id"]])
                gone = [m["id"] for m in self.messages.values() if m["chat_id"] in self._deleted]
                self._forget(self.messages, gone)
                gone = [i["id"] for i in self.images.values() if i["chat_id"] in self._deleted]
                self._forget(self.images, gone)
            case _:
                raise ValueError(f"unknown event {event}")

    def glimpse(self, payload: Frame) -> bool:
        """Show a preview only on the slot with its id, while that is generating."""
        held = self.messages.get(payload["message_id"])
        slots = [] if held is None else held["meta"].get("images", [])
        if (payload.get("image_id"), "generating") not in [(s["id"], s["status"]) for s in slots]:
            return False
        self.previews[payload["image_id"]] = payload["message_id"]
        return True

    def write(self, payload: Frame) -> list[str]:
        """Words of a message that is thinking at exactly that version; what is wrong with them."""
        held = self.messages.get(payload["message_id"])
        if held is None or held["version"] != payload["version"]:
            return []
        known, offset = self.words.get((held["id"], held["version"]), ""), payload["offset"]
        if held["meta"]["status"] != "thinking" or offset > len(known):
            return []
        grown = known[:offset] + payload["text"]
        self.words[held["id"], held["version"]] = longer = max(known, grown, key=len)
        if longer.startswith(known) and longer.startswith(grown):
            return []
        return [f"words of {held['id']} changed from {known!r} to {grown!r}"]

    def _message(self, message: Frame) -> None:
        if message["id"] in self._deleted or message["chat_id"] in self._deleted:
            return
        if self.chats.get(message["chat_id"]) is None:
            words = message["text"] if message["role"] == "user" else None
            self.chats[message["chat_id"]] = words[:TITLE_LENGTH] if words else None
        held = self.messages.get(message["id"])
        if held is None or message["version"] > held["version"]:
            self.messages[message["id"]] = message
            self._ends_as_shown(message)

    def _ends_as_shown(self, message: Frame) -> None:
        """Where the model's words stay, they begin with those that were shown of them."""
        shown = self.words.get((message["id"], message["version"] - 1), "")
        text = message["text"]
        if text and not text.startswith(shown):
            self.taken_back.append(f"{message['id']} was shown as {shown!r} and is {text!r}")

    def _forget(self, rows: dict[str, Any], gone: Iterable[str]) -> None:
        for one in gone:
            self._deleted.add(one)
            rows.pop(one, None)


@dataclass(frozen=True)
class Snapshot:
    """Everything a user has, as HTTP tells it."""

    messages: list[Frame]
    images: list[Frame]
    chats: dict[str, str]


async def read_snapshot(http: httpx.AsyncClient) -> Snapshot:
    """Raises: httpx.HTTPError."""
    chats = await _all_pages(http, "/chats", "chats")
    messages: list[Frame] = []
    for chat in chats:
        messages += await _all_pages(http, f"/chats/{chat['id']}/messages", "messages")
    images = await _all_pages(http, "/images", "images")
    return Snapshot(messages, images, {chat["id"]: chat["title"] for chat in chats})


async def _all_pages(http: httpx.AsyncClient, path: str, name: str) -> list[Frame]:
    found: list[Frame] = []
    cursor: str | None = None
    while True:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get(path, params=query)).raise_for_status().json()
        found += page[name]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


class Client:
    """One tab of a user. `start` it on a running event loop.

    Args:
        http: signed in as the user.
        after: where the client believes to be; None begins with a snapshot.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        user: str,
        rules: Rules = QUICK,
        chance: random.Random | None = None,
        after: int | None = None,
    ) -> None:
        self.user = user
        self.http = http
        self.shown = Shown()
        self.log: list[Applied] = []
        self.wrong: list[str] = []
        self.received: list[tuple[int, str]] = []  # numbered frames as they came, doubles too
        self.system: list[Frame] = []
        self.connections = 0
        self.short_resumes = 0  # "level", said the channel, and had not sent everything
        self.connected = False
        self.seq = after
        self._rules = rules
        self._chance = chance or random.Random()  # noqa: S311 - jitter
        self._known = 0
        self._meaning: dict[int, frozenset[str]] = {}
        self._early: dict[int, Frame] = {}
        self._snapshot: object | None = None
        self._resuming = False
        self._resumed_after: int | None = None
        self._fruitless = 0
        self._failures = 0
        self._socket: ClientConnection | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._closing = asyncio.Event()

    # --- What tests do with it ----------------------------------------------------------------

    def start(self) -> None:
        """Connects, and keeps connecting, until `close`."""
        self._spawn(self._live())

    def cut(self) -> None:
        """The network is gone in the middle of whatever is under way."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def close(self) -> None:
        """Leaves for good."""
        self._closing.set()
        for name in list(self._timers):
            self._stop(name)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, holds: Callable[[Client], bool], within: float = _PATIENCE) -> None:
        """Returns once it holds. Raises: TimeoutError, which says where the client stands."""
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: holds(self))
        except TimeoutError as error:
            raise TimeoutError(self.state()) from error

    async def level_with(self, seq: int, within: float = _PATIENCE) -> None:
        """Returns once everything up to `seq` is applied."""
        await self.until(lambda self: self.is_level_with(seq), within)

    def state(self) -> str:
        """For people who look for why a client is not level."""
        return (
            f"at {self.seq}, knows of {self._known}, holds {sorted(self._early)[:5]}, "
            f"connected {self.connected}, resuming {self._resuming}, "
            f"snapshot {self._snapshot is not None}, {self.connections} connections, "
            f"{self._failures} failures, last told {self.system[-1:]}"
        )

    def is_level_with(self, seq: int) -> bool:
        return self._snapshot is None and self.seq is not None and self.seq >= seq

    # --- The connection -----------------------------------------------------------------------

    async def _live(self) -> None:
        while not self._closing.is_set():
            try:
                await self._one_connection()
            except (httpx.HTTPError, OSError, WebSocketException, TimeoutError):
                pass
            finally:
                self._disconnected()
            await self._tell()
            ceiling = min(self._rules.longest_backoff, self._rules.backoff * 2**self._failures)
            self._failures += 1
            await asyncio.sleep(self._chance.random() * ceiling)

    async def _one_connection(self) -> None:
        if self.seq is None:
            answer = (await self.http.get("/realtime/events")).raise_for_status().json()
            self._take_snapshot(answer["seq"])
        ticket = (await self.http.post("/realtime/tickets")).raise_for_status().json()
        async with connect(
            ticket["url"],
            max_size=2**20,
            compression=None,
            proxy=None,
            ping_interval=None,
            close_timeout=1,
        ) as socket:
            self._socket = socket
            self.connections += 1
            self._resume()
            async for text in socket:
                self._receive(text)
                await self._tell()

    def _disconnected(self) -> None:
        self._socket = None
        self.connected = self._resuming = False
        for name in list(self._timers):
            self._stop(name)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # --- What is sent -------------------------------------------------------------------------

    def _resume(self) -> None:
        after = self._level()
        self._fruitless = self._fruitless + 1 if after == self._resumed_after else 0
        self._resumed_after = after
        self._resuming = True
        self._stop("gap")
        self._send({"action": "resume", "after": after})
        self._expect_answer()

    def _ping(self) -> None:
        self._send({"action": "ping"})
        if not self._resuming:  # then only that one's answer counts
            self._expect_answer()
        self._after("ping", self._rules.ping, self._ping)

    def _send(self, frame: Frame) -> None:
        if self._socket is not None:
            self._spawn(_sent(self._socket, json.dumps(frame)))

    def _expect_answer(self) -> None:
        if self._socket is not None:
            self._after("answer", self._rules.answer, self.cut)

    # --- What is received ---------------------------------------------------------------------

    def _receive(self, text: str | bytes) -> None:
        if isinstance(text, bytes) or len(text.encode()) > LARGEST_FRAME:
            self.wrong.append("a frame that is binary or too large")
            return
        frame: Frame = json.loads(text)
        if "type" not in frame:
            return  # API Gateway's own words: the function that was to answer has failed
        self.wrong += problems_of_message(frame["event"], frame)
        if frame["type"] == "system":
            self._heed(frame)
        elif frame["event"] == "message-delta":
            self.wrong += self.shown.write(frame["payload"]) if self._snapshot is None else []
        elif frame["seq"] is None:
            if self._snapshot is None and self.shown.glimpse(frame["payload"]):
                about = (frame["payload"]["message_id"],)
                self.log.append(Applied(None, frame["event"], about, frame["payload"]["version"]))
        else:
            self._numbered(frame)

    def _numbered(self, frame: Frame) -> None:
        seq, about = frame["seq"], _about(frame)
        self.received.append((seq, frame["event"]))
        if self._meaning.setdefault(seq, frozenset(about)) != frozenset(about):
            self.wrong.append(f"event {seq} is about {self._meaning[seq]} and about {about}")
        if seq > (self.seq or 0):
            self._early[seq] = frame
            self._hear_of(seq)

    def _heed(self, frame: Frame) -> None:
        if frame["event"] != "pong" or not self._resuming:
            self._stop("answer")
        self.system.append(frame)
        match frame["event"]:
            case "resumed":
                self._answered()
                self.connected = True
                self.short_resumes += (self._level() or 0) < frame["seq"]
                self._after("ping", self._rules.ping, self._ping)
            case "more":
                self._answered()
                self._resume()
            case "reset":
                self._answered()
                self.connected = False
                self._take_snapshot(frame["seq"])
                return
            case "error":
                if frame["code"] == "replaced":
                    self._failures = _REPLACED_FAILURES
                if self._resuming or frame["code"] == "token_expired":
                    self.cut()
            case "pong":
                pass
            case unknown:
                self.wrong.append(f"an unknown system frame {unknown}")
        self._hear_of(frame["seq"] or 0)

    def _answered(self) -> None:
        self._resuming = False
        self._failures = 0

    def _hear_of(self, seq: int) -> None:
        self._known = max(self._known, seq)
        self._apply_in_turn()
        self._watch_gap()

    def _apply_in_turn(self) -> None:
        while self._snapshot is None and self.seq is not None and self.seq + 1 in self._early:
            self.seq += 1
            frame = self._early.pop(self.seq)
            message = frame["payload"].get("message", {})
            status = message.get("meta", {}).get("status")
            self.log.append(
                Applied(self.seq, frame["event"], _about(frame), message.get("version"), status)
            )
            self.shown.apply(frame["event"], frame["payload"])

    def _watch_gap(self) -> None:
        if self._known <= (self._level() or 0):
            self._stop("gap")
        elif "gap" not in self._timers and not self._resuming and self._socket is not None:
            patience = self._rules.gap * 2 ** min(self._fruitless, 5)
            self._after("gap", patience, self._resume)

    def _level(self) -> int | None:
        """The last number before the first hole, with what a snapshot still holds back."""
        seq = self.seq
        while seq is not None and seq + 1 in self._early:
            seq += 1
        return seq

    # --- Snapshots ----------------------------------------------------------------------------

    def _take_snapshot(self, seq: int) -> None:
        """Live events wait while the snapshot that stands for `seq` is read."""
        self._snapshot = mine = object()
        self.seq = self._known = seq
        self._early.clear()
        self._spawn(self._read_snapshot(seq, mine))

    async def _read_snapshot(self, seq: int, mine: object) -> None:
        while self._snapshot is mine:
            try:
                snapshot = await read_snapshot(self.http)
            except httpx.HTTPError:
                await asyncio.sleep(self._chance.random() * self._rules.longest_backoff)
                continue
            if self._snapshot is not mine:
                return
            self._snapshot = None
            self.log.append(Applied(seq, "snapshot"))
            self.shown.replace(snapshot)
            self._apply_in_turn()
            if self._socket is not None and not self.connected and not self._resuming:
                self._resume()  # a reset replays nothing
            await self._tell()

    # --- Timers and tasks ---------------------------------------------------------------------

    def _after(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        self._stop(name)

        def due() -> None:
            self._timers.pop(name, None)
            act()

        self._timers[name] = asyncio.get_running_loop().call_later(seconds, due)

    def _stop(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.wrong.append(f"the client itself failed: {error!r}")


async def _sent(socket: ClientConnection, text: str) -> None:
    with contextlib.suppress(WebSocketException, OSError):
        await socket.send(text)


def _about(frame: Frame) -> tuple[str, ...]:
    """Ids of what an event is about; the same whether it brings a row or its deletion."""
    payload = frame["payload"]
    match frame["event"]:
        case "message-insert" | "message-update":
            return (payload["message"]["id"],)
        case "message-delete":
            return tuple(payload["message_ids"])
        case "image-insert" | "image-update":
            return (payload["image"]["id"],)
        case "image-delete":
            return tuple(payload["image_ids"])
        case "chat-update":
            return (payload["chat"]["id"],)
        case _:
            return (payload["chat_id"],)


class Crowd:
    """Clients on an event loop of their own, for tests that are not asynchronous."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="crowd", daemon=True)
        self._http: dict[str, httpx.AsyncClient] = {}
        self.clients: list[Client] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, ValueT]) -> ValueT:
        """Runs a coroutine on the clients' loop and returns what it returns."""
        running: Future[ValueT] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return running.result(4 * _PATIENCE)

    def http(self, user: str) -> httpx.AsyncClient:
        """Signed in as the user; one for all of their tabs."""
        if user not in self._http:
            self._http[user] = signed_in(self.stack, user)
        return self._http[user]

    def tab(self, user: str, *, rules: Rules = QUICK, after: int | None = None) -> Client:
        """A client of that user, connected and level."""
        client = self.begin(user, rules=rules, after=after)
        self.run(client.until(lambda tab: tab.connected and tab.is_level_with(0)))
        return client

    def begin(self, user: str, *, rules: Rules = QUICK, after: int | None = None) -> Client:
        """A client of that user that has begun to connect."""

        async def begun() -> Client:
            client = Client(self.http(user), user, rules, after=after)
            client.start()
            return client

        client = self.run(begun())
        self.clients.append(client)
        return client

    def level(self, client: Client, within: float = _PATIENCE) -> None:
        """Returns once the client is level with what HTTP says is the newest event."""
        self.run(come_level(client, within))

    def cut(self, client: Client) -> None:
        self._loop.call_soon_threadsafe(client.cut)

    async def _close(self) -> None:
        await asyncio.gather(*(client.close() for client in self.clients))
        for http in self._http.values():
            await http.aclose()


def signed_in(stack: RunningStack, user: str) -> httpx.AsyncClient:
    """An asynchronous client of the HTTP API."""
    return httpx.AsyncClient(
        base_url=stack.url,
        headers={"authorization": f"Bearer {stack.token(user)}"},
        trust_env=False,
        verify=False,  # noqa: S501 - the loopback interface speaks no TLS
        timeout=40,
        limits=httpx.Limits(max_connections=None),
    )


async def come_level(client: Client, within: float = _PATIENCE) -> None:
    """Returns once the client is level with what HTTP says is the newest event."""
    give_up = time.monotonic() + within
    answer = (await client.http.get("/realtime/events")).raise_for_status().json()
    await client.level_with(answer["seq"], give_up - time.monotonic())
