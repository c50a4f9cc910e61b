"""Every route against everything that it must refuse.

The routes are the template's: one without an entry here fails. Every answer must be one that the
route describes, repeat nothing secret, and leave what is stored as it was. Tickets that are spent
and frames that are no action are refused in `test_unified_channel.py`.
"""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.local_stack.testing import RunningStack as Stack
from tests.support.channel_client import ChannelClient, is_event
from tests.support.described import problems_of_answer
from tests.support.forged import token_by_hand
from tests.support.hostile_pictures import a_picture, encoded
from tests.support.routes import HEADS, OTHERWISE
from tests.support.stored import everything_of, rows_of
from tests.support.template import http_routes
from ulid import ULID
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from afterimage.http.routes import GET_SHARED, ROUTES, Route

MARK = "w0rd-that-is-not-repeated"


@dataclass(frozen=True)
class Entry:
    """What a route takes, and what becomes of somebody who names another person's things.

    Attributes:
        body: one that is right.
        file: one that is none.
        query: without which it is refused.
        stranger: status of the answer to somebody else.
    """

    stranger: int
    body: dict[str, Any] | None = None
    file: bytes | None = None
    query: str = ""


_SUBSCRIPTION = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/x",
    "keys": {"p256dh": "B" + "A" * 86, "auth": "A" * 22},
}
ENTRIES = {
    # Chats are each user's own: the same id is another chat.
    "POST /chats/{chat_id}/messages": Entry(200, {"text": "hello"}),
    "POST /chats/{chat_id}/messages/{message_id}/cancel": Entry(404, {"version": 1}),
    "POST /chats/{chat_id}/messages/{message_id}/retry": Entry(404, {"version": 1}),
    "PUT /chats/{chat_id}/messages/{message_id}/stands": Entry(404),
    "DELETE /chats/{chat_id}/messages/{message_id}": Entry(204),
    "GET /chats/{chat_id}/messages": Entry(200),
    "GET /chats/{chat_id}/messages/{message_id}": Entry(404),
    "GET /chats": Entry(200),
    "PATCH /chats/{chat_id}": Entry(404, {"title": "mine"}),
    "DELETE /chats/{chat_id}": Entry(204),
    "GET /search": Entry(200, query="q=lake"),
    "GET /images": Entry(200),
    "GET /images/{image_id}": Entry(404),
    "GET /images/{image_id}/original": Entry(404),
    # Ids are each user's own, too.
    "PUT /images/{image_id}": Entry(400, file=b"<!doctype html>"),
    "DELETE /images/{image_id}": Entry(204),
    "PUT /images/{image_id}/share": Entry(404, {"prompt": True, "days": 3}),
    "DELETE /images/{image_id}/share": Entry(204),
    "GET /shares": Entry(200),
    "GET /suggestions": Entry(200),
    "GET /usage": Entry(200),
    "POST /realtime/tickets": Entry(200),
    "GET /realtime/events": Entry(200),
    "PUT /push/subscription": Entry(204, _SUBSCRIPTION),
    "DELETE /push/subscription": Entry(204, {"endpoint": _SUBSCRIPTION["endpoint"]}),
    "GET /me/export": Entry(200),
    "DELETE /me": Entry(202),
    "GET /": Entry(200),
    "GET /s/{token}": Entry(200),
    "GET /static/{proxy+}": Entry(200),
    "GET /favicon.ico": Entry(200),
    "GET /robots.txt": Entry(200),
    "GET /config.json": Entry(200),
    "GET /openapi.json": Entry(200),
    "GET /asyncapi.json": Entry(200),
    **dict.fromkeys(OTHERWISE, Entry(404)),
}
BY_KEY = {route.key: route for route in ROUTES}
PUBLIC = [key for key, route in BY_KEY.items() if route.public]
PRIVATE = [key for key in ENTRIES if key not in PUBLIC]

_BAD_ULIDS = ["garbage", "01arz3ndektsv4rrffq69g5fav", "8" * 26, "0" * 27, "%00"]
BAD_PARAMETERS = {
    "chat_id": ["bad%20id", "x" * 65, "%C3%BC", "%00", "a%0A", "..%2F..", "a%2Fb"],
    "message_id": _BAD_ULIDS,
    "image_id": _BAD_ULIDS,
    "token": ["A" * 22, "A" * 21, "A" * 23, "A" * 5_000, "%00", "..%2F..", "%C3%BC", "A%0A"],
    "proxy+": ["nothing.js", "..%2Fhandler.py", "vendor", "%00", "app.js%00.png", "x" * 5_000],
    "limit": ["0", "101", "-1", "1.5", "many", "", "1&limit=2", "9" * 5_000],
    "cursor": ["", "x" * 129, "%00", "%3Cscript%3E", "garbage"],
    "around": ["garbage", "", "8" * 26],
    "q": ["x" * 201],
    "origin": ["nowhere", "", "PAINTED"],
    "after": ["-1", "x", "1.5", str(2**53 + 1), "true"],
}
_UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BAD_FIELDS: dict[str, list[Any]] = {
    "id": ["not-a-ulid", "8" * 26, 7, ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]],
    "text": ["", " \n\t ", "x" * 8_001, 7, None, ["hello"], {"text": "hello"}],
    "aspect_ratio": ["7:1", 1, []],
    "count": [0, 5, -1, 1.5, "2", True, []],
    "image_ids": [
        "8" * 26,
        [7],
        ["garbage"],
        [_UNKNOWN],
        [_UNKNOWN, _UNKNOWN],
        [f"01ARZ3NDEKTSV4RRFFQ69G5FA{end}" for end in "ABCDE"],
        {},
    ],
    "image_size": ["8K", "1k", 4, ""],
    "image_model": ["nobody", "", 7, "x" * 33],
    "paint": ["true", 1, []],
    "again": ["garbage", "8" * 26, _UNKNOWN, 7],
    "suggestion_id": [7, [], "x" * 65],
    "replaces": ["garbage", "8" * 26, 7, []],
    "version": [0, -1, 1.5, "1", True, None, 2**53 + 1],
    "title": ["", "   ", "x" * 201, 7, None],
    "pinned": [1, "true", []],
    "expirationTime": ["soon", -1, True, []],
    "endpoint": [7, None, "", "x", "ftp://x", "https://a b", f"https://{'x' * 2_000}", "https://ü"],
    "keys": [
        7,
        None,
        {},
        {"p256dh": "B" + "A" * 86},
        {"p256dh": "A" * 87, "auth": "A" * 22},
        {"p256dh": "B" + "A" * 86, "auth": "A" * 21},
        {"p256dh": "B" + "A" * 86, "auth": "A" * 22, "more": 1},
    ],
    "prompt": ["true", 1, []],
    "days": [0, 31, -1, 1.5, "7", True, []],
}
OPTIONAL = (
    "id",
    "aspect_ratio",
    "count",
    "image_ids",
    "image_size",
    "image_model",
    "paint",
    "again",
    "suggestion_id",
    "replaces",
    "pinned",
    "expirationTime",
    "prompt",
    "days",
)
OTHER_TYPES = [
    "text/plain",
    "text/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "image/png",
    "application/jsonp",
    "x" * 500,
]
LARGEST_BODY = 128 * 1024  # bytes


def bad_bodies(good: dict[str, Any]) -> Iterator[bytes]:
    """What no route takes, beside fields with wrong values."""
    yield from (
        b"",
        b"null",
        b"7",
        b"[]",
        b'"text"',
        MARK.encode(),
        b'{"text": "',
        b"\xff\xfe",
    )
    if not set(good) <= set(OPTIONAL):
        yield b"{}"
    yield b"[" * 60_000
    yield json.dumps(good).encode() * 2
    yield json.dumps({**good, MARK: MARK}).encode()
    yield json.dumps(good).encode() + b" " * LARGEST_BODY
    yield json.dumps(good).encode("utf-16")
    for field, values in BAD_FIELDS.items():
        if field in good or field in OPTIONAL:
            yield from (json.dumps({**good, field: value}).encode() for value in values)
    # Half of a pair is no text.
    yield from (
        json.dumps({**good, field: "\ud83e"}).encode() for field in good if field != "version"
    )


# --- Alice, who has something of everything ------------------------------------------------------


@dataclass(frozen=True)
class Alice:
    """Somebody with a chat, a message, a picture, and a word that nobody else may read."""

    stack: Stack
    user_id: str
    secret: str

    @cached_property
    def http(self) -> httpx.Client:
        return self.stack.http(self.user_id)

    @cached_property
    def image(self) -> dict[str, Any]:
        with ChannelClient(self.http) as tab:
            tab.resumed()
            text = f"paint a lake called {self.secret}"
            self.http.post("/chats/c/messages", json={"text": text}).raise_for_status()
            found: dict[str, Any] = tab.until(is_event("image-insert"))["payload"]["image"]
        return found

    @cached_property
    def token(self) -> str:
        """Of the link to her picture."""
        shared = self.http.put(f"/images/{self.image['id']}/share", json={})
        return str(shared.raise_for_status().json()["url"]).rpartition("/")[2]

    def path(self, key: str, **other: str) -> str:
        """The path of a route, to what is hers or to something else."""
        if key in OTHERWISE:
            return "/nowhere"
        named = {
            "chat_id": "c",
            "message_id": self.image["message_id"],
            "image_id": self.image["id"],
            "proxy+": "app.js",
            "token": self.token,
            **other,
        }
        path = key.partition(" ")[2]
        for name, value in named.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def stored(self) -> list[Any]:
        return everything_of(self.stack, self.user_id)

    def changed_since(self, before: list[Any]) -> list[Any]:
        """What has come since, and what has gone without having expired."""
        now = self.stored()
        come = [entry for entry in now if entry not in before]
        return come + [entry for entry in before if entry not in now and not has_expired(entry)]


def has_expired(entry: Any) -> bool:
    """Whether the table may have removed it by now."""
    return isinstance(entry, dict) and entry.get("expires_at", math.inf) <= time.time()


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Alice:
    made = Alice(stack, f"alice-{uuid.uuid4().hex[:8]}", f"s{uuid.uuid4().hex}")
    assert made.token
    return made


def method_of(key: str) -> str:
    return key.partition(" ")[0]


def ask(http: httpx.Client, key: str, path: str, **more: Any) -> httpx.Response:
    body, file = ENTRIES[key].body, ENTRIES[key].file
    given: dict[str, Any] = {"json": body} if body is not None else {}
    if file is not None:
        given = {"content": file, "headers": {"content-type": "image/png"}}
    if ENTRIES[key].query and "?" not in path:
        path = f"{path}?{ENTRIES[key].query}"
    return http.request(method_of(key), path, **{**given, **more})


def is_refused(key: str, response: httpx.Response, *codes: str) -> bool:
    """Whether it is refused in the envelope, as this route describes it."""
    body = response.json()
    if key not in OTHERWISE:
        assert problems_of_answer(key, response.status_code, body) == [], response.text
    assert set(body["error"]) >= {"code", "message", "retry_after"}
    assert len(response.text) < 500
    assert MARK not in response.text
    return body["error"]["code"] in codes


def parameters_of(key: str) -> list[str]:
    return [part[1:-1] for part in key.split("/") if part.startswith("{")]


def fields_of(key: str, what: str) -> set[str]:
    model = getattr(BY_KEY[key], what)
    return set(model.model_fields) if model else set()


# --- The matrix is whole -------------------------------------------------------------------------


def test_every_route_of_the_template_has_an_entry() -> None:
    assert {*ENTRIES, *HEADS} == set(http_routes())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_whatever_a_route_takes_has_wrong_values(route: Route) -> None:
    assert set(parameters_of(route.key)) | fields_of(route.key, "query") <= set(BAD_PARAMETERS)
    assert fields_of(route.key, "body") <= set(BAD_FIELDS)
    assert (route.body is None) == (ENTRIES[route.key].body is None)


@pytest.mark.parametrize("key", PUBLIC)
def test_what_is_public_needs_no_token(stack: Stack, alice: Alice, key: str) -> None:
    with httpx.Client(base_url=stack.url, trust_env=False) as anybody:
        response = anybody.get(alice.path(key))
        head = anybody.head(alice.path(key))

    assert (response.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers["content-type"] == response.headers["content-type"]


# --- Tokens --------------------------------------------------------------------------------------


def bearer(token: str) -> str:
    return f"Bearer {token}"


def with_claims(**claims: Any) -> Callable[[Alice], str]:
    return lambda alice: bearer(alice.stack.token(alice.user_id, **claims))


def signed_by_somebody_else(alice: Alice) -> str:
    good = alice.stack.token(alice.user_id)
    claims = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": jwt.get_unverified_header(good)["kid"]}
    return bearer(jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", header))


def unsigned(alice: Alice) -> str:
    good = alice.stack.token(alice.user_id)
    claims = jwt.decode(good, options={"verify_signature": False})
    kid = jwt.get_unverified_header(good)["kid"]
    return bearer(token_by_hand({"alg": "none", "kid": kid}, claims, None))


def signed_with_the_public_key(alice: Alice) -> str:
    good = alice.stack.token(alice.user_id)
    claims = jwt.decode(good, options={"verify_signature": False})
    keys = httpx.get(f"{claims['iss']}/jwks", trust_env=False).json()["keys"]
    kid = jwt.get_unverified_header(good)["kid"]
    secret = json.dumps(next(key for key in keys if key["kid"] == kid)).encode()
    return bearer(token_by_hand({"alg": "HS256", "kid": kid}, claims, secret))


def for_another_subject(alice: Alice) -> str:
    """Alice's token with bob's name in it."""
    header, _, signature = alice.stack.token(alice.user_id).split(".")
    _, claims, _ = alice.stack.token("bob").split(".")
    return bearer(f"{header}.{claims}.{signature}")


TOKENS: dict[str, Callable[[Alice], str | None]] = {
    "none": lambda _: None,
    "nonsense": lambda _: bearer(MARK),
    "three parts of nonsense": lambda _: bearer("a.b.c"),
    "another scheme": lambda _: "Basic YTpi",
    "too long": lambda alice: bearer(alice.stack.token(alice.user_id) + "x" * 8_200),
    "expired": with_claims(exp=1_700_000_000),
    "not yet valid": with_claims(nbf=4_000_000_000),
    "of another issuer": with_claims(iss="https://elsewhere.test"),
    "for another audience": with_claims(aud="somebody-else"),
    "for nobody": with_claims(sub=""),
    "for somebody with too long an id": with_claims(sub="x" * 3_000),
    "an ID token": with_claims(token_use="id"),
    "an ID token with the access token's hash": with_claims(at_hash="x"),
    "signed by somebody else": signed_by_somebody_else,
    "unsigned": unsigned,
    "signed with the public key": signed_with_the_public_key,
    "of another subject": for_another_subject,
}


@pytest.mark.parametrize("key", PRIVATE)
def test_no_other_token_opens_anything(stack: Stack, alice: Alice, key: str) -> None:
    before = alice.stored()
    for name, make in TOKENS.items():
        header = make(alice)
        headers = {"authorization": header} if header else {}
        with httpx.Client(base_url=stack.url, headers=headers, trust_env=False) as anybody:
            response = ask(anybody, key, alice.path(key))

        status, code = (404, "not_found") if key in OTHERWISE else (401, "unauthorized")
        assert response.status_code == status, name
        assert is_refused(key, response, code), name
        assert not header or header.split()[-1] not in response.text, name
    assert alice.changed_since(before) == []


# --- Other people's things -----------------------------------------------------------------------


@pytest.mark.parametrize("key", PRIVATE)
def test_other_peoples_things_do_not_exist(stack: Stack, alice: Alice, key: str) -> None:
    before, bob = alice.stored(), stack.http(f"bob-{uuid.uuid4().hex[:8]}")

    response = ask(bob, key, alice.path(key))

    assert response.status_code == ENTRIES[key].stranger
    assert alice.secret not in response.text
    assert alice.user_id not in response.text
    if response.is_error:
        assert is_refused(key, response, "not_found" if ENTRIES[key].file is None else "invalid")
    assert alice.changed_since(before) == []


def test_another_persons_message_id_is_free(stack: Stack, alice: Alice) -> None:
    before, bob = alice.stored(), stack.http(f"bob-{uuid.uuid4().hex[:8]}")
    [_, question] = alice.http.get("/chats/c/messages").json()["messages"]

    response = bob.post("/chats/c/messages", json={"id": question["id"], "text": "hello"})

    assert response.json()["user_message"]["text"] == "hello"
    assert alice.secret not in response.text
    assert alice.changed_since(before) == []


@pytest.mark.parametrize("whose", ["somebody else's", "deleted", "named twice"])
def test_no_picture_but_ones_own_is_attached(stack: Stack, alice: Alice, whose: str) -> None:
    http = stack.http(f"bob-{uuid.uuid4().hex[:8]}")
    named = [alice.image["id"]]
    if whose != "somebody else's":
        headers = {"content-type": "image/jpeg"}
        kept = http.put(f"/images/{ULID()}", content=encoded(a_picture()), headers=headers)
        named = [kept.raise_for_status().json()["image"]["id"]]
        if whose == "deleted":
            http.delete(f"/images/{named[0]}").raise_for_status()
        else:
            named *= 2

    answer = http.post("/chats/c/messages", json={"text": "what is this?", "image_ids": named})

    assert is_refused("POST /chats/{chat_id}/messages", answer, "invalid")
    assert alice.secret not in answer.text
    assert http.get("/chats").json()["chats"] == []


# --- Malformed -----------------------------------------------------------------------------------


def test_a_link_that_is_none_is_a_page_with_a_sentence(alice: Alice) -> None:
    before = alice.stored()
    answers = [
        alice.http.get(f"/s/{token}", headers={"accept-language": MARK})
        for token in BAD_PARAMETERS["token"]
    ]

    pages = [one for one in answers if one.headers["content-type"].startswith("text/html")]
    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in pages}) == 1
    assert len(pages) >= len(answers) - 1  # what is another path by its "/" is nobody's
    assert alice.changed_since(before) == []


@pytest.mark.parametrize(
    "key", [key for key in BY_KEY if parameters_of(key) and key != GET_SHARED.key]
)
def test_a_malformed_path_is_refused(alice: Alice, key: str) -> None:
    before = alice.stored()
    for name in parameters_of(key):
        for value in BAD_PARAMETERS[name]:
            response = ask(alice.http, key, alice.path(key, **{name: value}))

            assert response.status_code in (400, 404), value
            assert is_refused(key, response, "invalid", "not_found"), value
    assert alice.changed_since(before) == []


@pytest.mark.parametrize("key", [key for key in BY_KEY if fields_of(key, "query")])
def test_a_malformed_query_is_refused(alice: Alice, key: str) -> None:
    before = alice.stored()
    queries = [
        f"{name}={value}" for name in fields_of(key, "query") for value in BAD_PARAMETERS[name]
    ]
    for query in [*queries, f"{MARK}=1"]:
        response = ask(alice.http, key, f"{alice.path(key)}?{query}")

        assert response.status_code == 400, query
        assert is_refused(key, response, "invalid"), query
    assert alice.changed_since(before) == []


@pytest.mark.parametrize("key", [key for key, entry in ENTRIES.items() if entry.body])
def test_a_malformed_body_is_refused(alice: Alice, key: str) -> None:
    before = alice.stored()
    for body in bad_bodies(ENTRIES[key].body or {}):
        response = send(alice, key, body)

        assert response.status_code == 400, body[:100]
        assert is_refused(key, response, "invalid"), body[:100]
    assert alice.changed_since(before) == []


@pytest.mark.parametrize("key", [key for key, entry in ENTRIES.items() if entry.body])
def test_a_body_that_is_said_to_be_something_else_is_refused(alice: Alice, key: str) -> None:
    before = alice.stored()
    for content_type in OTHER_TYPES:
        response = send(alice, key, json.dumps(ENTRIES[key].body).encode(), content_type)

        assert response.status_code == 400, content_type
        assert is_refused(key, response, "invalid"), content_type
    assert alice.changed_since(before) == []


def send(
    alice: Alice, key: str, body: bytes, content_type: str = "application/json"
) -> httpx.Response:
    headers = {"content-type": content_type}
    return alice.http.request(method_of(key), alice.path(key), content=body, headers=headers)


# --- Tickets -------------------------------------------------------------------------------------


def ticket_of(alice: Alice) -> str:
    url: str = alice.http.post("/realtime/tickets").json()["url"]
    return url.partition("?ticket=")[2]


def tickets_of(alice: Alice) -> set[str]:
    rows = rows_of(alice.stack, "ChannelsTable", alice.user_id)
    return {row["entry"] for row in rows if row["entry"].startswith("ticket#")}


def expired(alice: Alice) -> str:
    """One whose thirty seconds are over; only the time in its row is moved."""
    earlier, ticket = tickets_of(alice), ticket_of(alice)
    [entry] = tickets_of(alice) - earlier
    dynamodb = alice.stack.aws("dynamodb")
    dynamodb.update_item(
        TableName=alice.stack.name("ChannelsTable"),
        Key={"user_id": {"S": alice.user_id}, "entry": {"S": entry}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )
    return ticket


def in_another_name(alice: Alice) -> str:
    """Alice's secret behind bob's name."""
    bob: str = alice.stack.http("bob").post("/realtime/tickets").json()["url"]
    return bob.partition("?ticket=")[2].partition(".")[0] + "." + ticket_of(alice).partition(".")[2]


TICKETS: dict[str, tuple[Callable[[Alice], str | None], int]] = {
    "none": (lambda _: None, 401),
    "empty": (lambda _: "", 401),
    "nonsense": (lambda _: "x", 403),
    "forged": (lambda _: "YWxpY2U=.forged", 403),
    "no text": (lambda _: "%00", 403),
    "too long": (lambda _: "a" * 3_000, 403),
    "expired": (expired, 403),
    "in another name": (in_another_name, 403),
    "an access token": (lambda alice: alice.stack.token(alice.user_id), 403),
}


@pytest.mark.parametrize("name", TICKETS)
def test_no_other_ticket_opens_a_connection(stack: Stack, alice: Alice, name: str) -> None:
    make, status = TICKETS[name]
    ticket = make(alice)
    before = alice.stored()
    query = "" if ticket is None else f"?ticket={ticket}"

    with pytest.raises(InvalidStatus) as refused, connect(stack.websocket_url + query):
        pass

    response = refused.value.response
    assert response.status_code == status
    assert not ticket or ticket not in (response.body or b"").decode()
    assert alice.changed_since(before) == []


# --- Logs ----------------------------------------------------------------------------------------


def test_no_function_writes_down_a_token_a_ticket_or_what_was_sent(alice: Alice) -> None:
    token, ticket = alice.http.headers["authorization"].split()[1], in_another_name(alice)
    with pytest.raises(InvalidStatus), connect(f"{alice.stack.websocket_url}?ticket={ticket}"):
        pass
    send(alice, "POST /chats/{chat_id}/messages", json.dumps({"text": MARK, MARK: MARK}).encode())

    logs = {name: (alice.stack.logs / f"{name}.log").read_text() for name in alice.stack.functions}

    assert "websocket_ticket_refused" in logs["websocket"]
    assert "http_refused" in logs["llm_handler_gemini"]
    for name, text in logs.items():
        assert token.split(".")[2] not in text, name
        assert ticket.partition(".")[2] not in text, name
        assert MARK not in text, name
