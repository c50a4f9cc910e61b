"""Every route's refusals: no token, malformed input, other people's ids."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.local_stack.testing import RunningStack as Stack
from ulid import ULID

from afterimage.http import asyncapi, openapi
from afterimage.http.contract import ROUTES, Route

PRIVATE = [route for route in ROUTES if not route.public]


@pytest.fixture
def alice(stack: Stack) -> httpx.Client:
    return stack.http(f"alice-{uuid.uuid4().hex[:8]}")


def path_of(route: Route) -> str:
    return route.path.replace("{chat_id}", "c").replace("{message_id}", str(ULID()))


@pytest.mark.parametrize("route", PRIVATE, ids=lambda route: route.key)
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic YTpi", "Bearer a.b.c"])
def test_without_a_valid_token_every_route_answers_401(
    stack: Stack, route: Route, header: str | None
) -> None:
    headers = {"authorization": header} if header else {}

    response = httpx.request(route.method, stack.url + path_of(route), headers=headers)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthorized"
    assert response.json()["error"]["retry_after"] is None


@pytest.mark.parametrize("path", ["/nowhere", "/chats/c/unknown", "/images/x/y"])
def test_an_unknown_route_answers_404_in_the_envelope(alice: httpx.Client, path: str) -> None:
    response = alice.get(path)

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"text": ""}',
        b'{"text": "   "}',
        b'{"text": 7}',
        b'{"text": "\xff\xfe"}',
        b'{"text": "\\ud800"}',
        b'{"text": "' + b"a" * 8_001 + b'"}',
        b'{"text": "hi", "id": "not-a-ulid"}',
        b'{"text": "hi", "aspect_ratio": "7:1"}',
        b'{"text": "hi", "unknown": 1}',
        b'{"text": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
)
def test_a_bad_body_is_refused_and_nothing_is_stored(alice: httpx.Client, body: bytes) -> None:
    response = alice.post(
        "/chats/c/messages", content=body, headers={"content-type": "application/json"}
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid"
    assert alice.get("/chats").json()["chats"] == []
    assert alice.get("/usage").json()["messages_used"] == 0


def test_eight_thousand_emoji_come_back_as_they_were_sent(alice: httpx.Client) -> None:
    text = "🌅" * 8_000

    sent = alice.post("/chats/c/messages", json={"text": text}, timeout=40)

    assert sent.status_code == 200
    message_id = sent.json()["user_message"]["id"]
    assert alice.get(f"/chats/c/messages/{message_id}").json()["text"] == text


@pytest.mark.parametrize(
    "path",
    [
        "/chats/bad%20id/messages",
        f"/chats/{'x' * 65}/messages",
        "/chats/c/messages?limit=0",
        "/chats/c/messages?limit=101",
        "/chats/c/messages?limit=many",
        "/chats/c/messages?cursor=garbage",
        "/chats/c/messages?around=garbage",
        "/chats?cursor=garbage",
        "/chats?cursor=2026-11-21T00:00:00.000Z~bad%20id",
        "/images?cursor=garbage",
        "/images?cursor=%00",
        "/realtime/events?after=-1",
        "/realtime/events?after=x",
        "/chats/c/messages/garbage",
    ],
)
def test_malformed_ids_and_cursors_are_refused(alice: httpx.Client, path: str) -> None:
    response = alice.get(path)

    assert response.status_code in (400, 404)
    assert response.json()["error"]["code"] in ("invalid", "not_found")


def test_other_peoples_rows_do_not_exist(stack: Stack, alice: httpx.Client) -> None:
    bob = stack.http(f"bob-{uuid.uuid4().hex[:8]}")
    message = bob.post("/chats/c/messages", json={"text": "hello"}).json()["user_message"]

    assert alice.get(f"/chats/c/messages/{message['id']}").status_code == 404
    assert alice.get("/chats/c/messages").json()["messages"] == []
    assert alice.patch("/chats/c", json={"title": "mine"}).status_code == 404
    assert alice.get("/chats").json()["chats"] == []


def test_a_clock_that_is_off_is_told_the_time(alice: httpx.Client) -> None:
    old = str(ULID.from_timestamp(1_700_000_000))

    response = alice.post("/chats/c/messages", json={"text": "hello", "id": old})

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "clock_skew"
    assert response.json()["error"]["server_time"].endswith("Z")


def test_chats_and_messages_are_paged_newest_first(alice: httpx.Client) -> None:
    for number in range(5):
        alice.post(f"/chats/c{number % 2}/messages", json={"text": f"hello {number}"})

    first = alice.get("/chats/c0/messages?limit=4").json()
    second = alice.get(f"/chats/c0/messages?limit=4&cursor={first['next_cursor']}").json()
    seen = [message["id"] for message in first["messages"] + second["messages"]]
    middle = seen[2]
    around = alice.get(f"/chats/c0/messages?limit=3&around={middle}").json()["messages"]
    chats = alice.get("/chats?limit=1").json()
    more = alice.get("/chats?limit=1", params={"cursor": chats["next_cursor"]}).json()

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 6
    assert middle in [message["id"] for message in around]
    assert [chat["id"] for chat in chats["chats"] + more["chats"]] == ["c0", "c1"]
    assert chats["chats"][0]["title"] == "hello 0"


def test_a_chat_is_renamed(alice: httpx.Client) -> None:
    alice.post("/chats/c/messages", json={"text": "hello"})

    renamed = alice.patch("/chats/c", json={"title": "  Holidays "})

    assert renamed.status_code == 200
    assert renamed.json()["title"] == "Holidays"
    assert alice.get("/chats").json()["chats"][0]["title"] == "Holidays"
    assert alice.patch("/chats/c", json={"title": ""}).status_code == 400


def test_the_gallery_is_searched_by_words_of_the_prompt(alice: httpx.Client) -> None:
    assert alice.get("/images?q=sunset%20sea").json() == {"images": [], "next_cursor": None}


def test_the_api_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/openapi.json").json()

    assert described == openapi.document(stack.url)


def test_the_channel_describes_itself(stack: Stack) -> None:
    described = httpx.get(f"{stack.url}/asyncapi.json").json()

    assert described == asyncapi.document(stack.websocket_url)
