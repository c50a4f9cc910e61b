"""What one person's error costs everybody else who asks for the same path at the edge."""

from __future__ import annotations

import asyncio

import httpx
from starlette.requests import Request
from starlette.responses import Response
from tests.local_stack.edge.kept_errors import KeptErrors
from tests.local_stack.gateway import application

BUSY = 503


class Origin:
    """Answers with one status after another, then with 200."""

    def __init__(self, *statuses: int, cache_control: str = "no-store") -> None:
        self._statuses = list(statuses)
        self._headers = {"cache-control": cache_control} if cache_control else {}

    async def ask(self, _: Request) -> Response:
        status = self._statuses.pop(0) if self._statuses else 200
        return Response(b"", status, self._headers)


class Edge:
    """The edge before an origin, at a time that a test sets."""

    def __init__(self, origin: Origin, seconds: dict[int, float]) -> None:
        self.now = 0.0
        self._origin = origin
        self._errors = KeptErrors(seconds, lambda: self.now)

    def get(self, path: str = "/chats", method: str = "GET") -> int:
        request = Request({"type": "http", "method": method, "path": path, "headers": []})
        return asyncio.run(self._errors.answer(request, self._origin.ask)).status_code


def test_an_error_is_kept_for_ten_seconds_whatever_the_origin_says_of_it() -> None:
    edge = Edge(Origin(BUSY), {})

    assert (edge.get(), edge.get(), edge.get(method="HEAD")) == (BUSY, BUSY, BUSY)
    assert edge.get("/usage") == 200
    edge.now = 9.9
    assert edge.get() == BUSY
    edge.now = 10
    assert edge.get() == 200


def test_an_error_that_is_to_be_kept_for_no_time_is_not_kept() -> None:
    edge = Edge(Origin(BUSY), {BUSY: 0})

    assert (edge.get(), edge.get()) == (BUSY, 200)


def test_what_changes_something_is_neither_kept_nor_answered_from_what_is() -> None:
    edge = Edge(Origin(BUSY, BUSY), {})

    assert (edge.get(method="POST"), edge.get(), edge.get(method="POST")) == (BUSY, BUSY, 200)


def test_not_found_is_kept_unless_that_is_forbidden() -> None:
    assert Edge(Origin(404), {}).get() == 404
    silent, forbidding = Edge(Origin(404, cache_control=""), {}), Edge(Origin(404), {})

    assert (silent.get(), silent.get()) == (404, 404)
    assert (forbidding.get(), forbidding.get()) == (404, 200)


def test_the_local_stack_keeps_what_the_edge_would() -> None:
    class Api:
        handle = staticmethod(Origin(BUSY).ask)

    async def twice() -> list[int]:
        app = application([], Api(), None, None, KeptErrors({}))  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [(await client.get("/chats")).status_code for _ in range(2)]

    assert asyncio.run(twice()) == [BUSY, BUSY]


def test_a_refusal_is_each_persons_own() -> None:
    edge = Edge(Origin(401, 429, cache_control=""), {})

    assert (edge.get(), edge.get(), edge.get()) == (401, 429, 200)
