"""What people do beside asking, to be counted: words looked for, versions, links, an export."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.benchmarks.costs.units import Meter
from tests.faults.calls import Request
from tests.faults.proxy import Answer
from tests.local_stack.options import ROOT
from tests.local_stack.testing import RunningStack
from tests.support.channel_client import ChannelClient, Frame, is_event

REPEATS = 4
_LONG = 1_000  # messages of a chat that is looked through, and taken along
_WORDS = "a wish that somebody once had, and said in some two hundred letters, " * 3
_AT_ONCE = 25  # rows that DynamoDB takes in one request
_PATIENCE = 20.0  # seconds; only so that a broken run ends


@dataclass(frozen=True)
class Habit:
    """One thing that somebody does.

    Attributes:
        known: what is not counted but known of it, as `Usage` has it.
    """

    happens: Callable[[], object]
    known: Mapping[str, Any]


# In the order in which they are counted, and with which the documentation shows them.
NAMES = {
    "search": f"A search through {_LONG:,} messages, its first page",
    "export": f"An export of {_LONG:,} messages, its first page",
    "version": "A question asked anew, without the text model",
    "stands": "A version chosen",
    "question_deleted": "A question deleted, with its answer",
    "pin": "A chat pinned, or named",
    "share": "A picture shared",
    "shares": "Links listed",
    "link": "A link looked at",
    "take_back": "A link taken back, without its path at the edge",
    "subscribe": "A browser that asks to be told",
    "told": "An answer told to one browser",
}


@dataclass
class Habits:
    """One user's, who has a chat, and a tab that watches.

    Attributes:
        seen: all requests of functions so far, by who asked.
        meter: is told of rows that come without a function.
    """

    stack: RunningStack
    seen: Sequence[tuple[str, Request, Answer]]
    meter: Meter
    user: str
    http: httpx.Client
    chat: str = field(default_factory=lambda: uuid.uuid4().hex)
    tab: ChannelClient = field(init=False)

    def all(self) -> Iterator[tuple[str, Habit]]:
        """Each with its name, to be counted before the next is asked for."""
        with ChannelClient(self.http) as self.tab:
            self.tab.resumed()
            yield from self._versions()
            yield from self._links()
            yield from self._notices()
            self._fill()
            unheard_of = {"q": "nobody said this"}
            yield "search", _by(lambda: self._get("/search", unheard_of), chat_api=1)
            yield "export", _by(lambda: self._get("/me/export"), chat_api=1)

    # --- Versions -----------------------------------------------------------------------------

    def _versions(self) -> Iterator[tuple[str, Habit]]:
        asked = [self._ask()]
        yield "version", _by(lambda: asked.append(self._ask(asked[-1])), llm_handler_gemini=1)
        chosen = iter([asked[0], asked[-1]] * REPEATS)
        yield "stands", _by(lambda: self._choose(next(chosen)), chat_api=1)
        deleted = iter([self._ask() for _ in range(REPEATS + 1)])
        yield "question_deleted", _by(lambda: self._delete(next(deleted)), chat_api=1, keeper=1)
        pinned = iter([True, False] * REPEATS)
        yield "pin", _by(lambda: self._pin(pinned=next(pinned)), chat_api=1)

    def _ask(self, replaces: str | None = None) -> str:
        """The question's id, once it is answered."""
        asked = {"text": "how are you?", "replaces": replaces}
        both = self.http.post(self._path("messages"), json=asked).raise_for_status().json()
        answer = both["assistant_message"]["id"]

        def is_answered(frame: Frame) -> bool:
            told = frame.get("payload", {}).get("message", {})
            return bool(told.get("id") == answer and told["meta"]["status"] == "complete")

        self.tab.until(is_answered)
        return str(both["user_message"]["id"])

    def _choose(self, question: str) -> None:
        self.http.put(self._path(f"messages/{question}/stands")).raise_for_status()
        for _ in range(4):
            self.tab.until(is_event("message-update"))

    def _delete(self, question: str) -> None:
        with self._until_kept():
            self.http.delete(self._path(f"messages/{question}")).raise_for_status()
        self.tab.until(is_event("message-delete"))

    def _pin(self, *, pinned: bool) -> None:
        self.http.patch(f"/chats/{self.chat}", json={"pinned": pinned}).raise_for_status()
        self.tab.until(is_event("chat-update"))

    # --- Links --------------------------------------------------------------------------------

    def _links(self) -> Iterator[tuple[str, Habit]]:
        paths = [f"/images/{self._painted()}/share" for _ in range(REPEATS + 1)]
        links: list[str] = []
        shared, taken_back = iter(paths), iter(paths)
        yield "share", _by(lambda: links.append(self._share(next(shared))), chat_api=1)
        yield "shares", _by(lambda: self._get("/shares"), chat_api=1)
        yield "link", _by(lambda: self._get(f"/s/{links[0]}"), web_page=1)
        yield "take_back", _by(lambda: self._take_back(next(taken_back)), chat_api=1, keeper=1)

    def _painted(self) -> str:
        asked = {"text": "a fox", "paint": True}
        self.http.post(self._path("messages"), json=asked).raise_for_status()
        return str(self.tab.until(is_event("image-insert"))["payload"]["image"]["id"])

    def _share(self, path: str) -> str:
        url: str = self.http.put(path, json={}).raise_for_status().json()["url"]
        self.tab.until(is_event("image-update"))
        return url.rpartition("/")[2]

    def _take_back(self, path: str) -> None:
        with self._until_kept():
            self.http.delete(path).raise_for_status()
        self.tab.until(is_event("image-update"))

    # --- Being told ---------------------------------------------------------------------------

    def _notices(self) -> Iterator[tuple[str, Habit]]:
        browser = self.http.post("/dev/push").raise_for_status().json()

        def subscribe() -> None:
            self.http.put("/push/subscription", json=browser).raise_for_status()

        yield "subscribe", _by(subscribe, chat_api=1)
        yield "told", Habit(self._tell, {"invocations": {"keeper": 1}})

    def _tell(self) -> None:
        event = json.loads((ROOT / "events" / "keeper_push.json").read_text())
        event["push"]["user_id"] = self.user
        name = self.stack.functions["keeper"]
        payload = json.dumps(event).encode()
        self.stack.aws("lambda").invoke(FunctionName=name, Payload=payload)

    # --- Looked through, and taken along ------------------------------------------------------

    def _fill(self) -> None:
        """Another chat gets so many messages, all like one that is there."""
        chat = self._row("ChatsTable", "chat_id", self.chat)
        question = self._row("MessagesTable", "chat_id", self.chat)
        long = f"{self.chat}-long"
        self._put("ChatsTable", [{**chat, "chat_id": {"S": long}}])
        alike = {
            **question,
            "chat_id": {"S": long},
            "user_id_chat_id": {"S": f"{self.user}#{long}"},
            "text": {"S": _WORDS},
        }
        ids = [{"S": f"01K{number:023d}"} for number in range(_LONG)]
        self._put("MessagesTable", [{**alike, "message_id": id_} for id_ in ids])

    def _row(self, table: str, column: str, value: str) -> dict[str, Any]:
        found = self.stack.aws("dynamodb").scan(
            TableName=self.stack.name(table),
            FilterExpression="#column = :value",
            ExpressionAttributeNames={"#column": column},
            ExpressionAttributeValues={":value": {"S": value}},
        )
        row: dict[str, Any] = found["Items"][0]
        return row

    def _put(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        name, dynamodb = self.stack.name(table), self.stack.aws("dynamodb")
        for some in (rows[i : i + _AT_ONCE] for i in range(0, len(rows), _AT_ONCE)):
            asked = {name: [{"PutRequest": {"Item": row}} for row in some]}
            dynamodb.batch_write_item(RequestItems=asked)
            self.meter.take("BatchWriteItem", {"RequestItems": asked}, {})

    # --- Asking -------------------------------------------------------------------------------

    def _path(self, what: str) -> str:
        return f"/chats/{self.chat}/{what}"

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> None:
        self.http.get(path, params=query).raise_for_status()

    @contextmanager
    def _until_kept(self) -> Iterator[None]:
        """Wait until the keeper has finished what is begun here."""
        before, give_up = len(self.seen), time.monotonic() + _PATIENCE
        yield
        while not any(map(_finishes, self.seen[before:])):
            assert time.monotonic() < give_up, "the keeper never came"
            time.sleep(0.05)


def _by(happens: Callable[[], object], **invocations: int) -> Habit:
    """One request of the HTTP API."""
    return Habit(happens, {"http": 1, "invocations": invocations})


def _finishes(call: tuple[str, Request, Answer]) -> bool:
    """Whether the keeper forgets a deletion by it."""
    function, request, _ = call
    is_deletion = b"deletion#" in request.body
    target = request.headers.get("x-amz-target", "")
    return function == "keeper" and is_deletion and target.endswith(".DeleteItem")
