"""The routes over HTTP, from API Gateway's event to the contract's JSON, on tables in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.support.builders import CHAT, a_caller, a_job, a_message, a_ulid, an_image
from tests.support.bundle import COPY_TIME, UPLOAD_TIME, Bundle
from tests.support.doubles import (
    NOW,
    FixedClock,
    InMemoryPictures,
    PlainShareTokens,
    PlainUrls,
    RecordingPush,
    ScriptedModel,
)
from tests.support.in_memory import (
    InMemoryChats,
    InMemoryEventLog,
    InMemorySubscriptions,
    InMemoryTables,
)
from tests.support.in_memory_export import InMemoryExport
from tests.support.in_memory_stock import InMemoryStock
from tests.unit.test_http_api import Context

from afterimage import frames
from afterimage.domain import ids
from afterimage.domain.callers import Caller
from afterimage.domain.changes import InsertMessage, Transition
from afterimage.domain.chats import Chat
from afterimage.domain.errors import ProviderUnavailable, Unauthorized
from afterimage.domain.events import MessageInserted
from afterimage.domain.limits import MOST_PINNED, Limits
from afterimage.domain.messages import Status
from afterimage.domain.stock import SAMPLE, StockPicture, ready_name
from afterimage.domain.suggestions import Suggestion, Suggestions
from afterimage.http import routes, sizes, taken
from afterimage.http.api import HttpApi
from afterimage.http.chat_api import ChatApiRoutes
from afterimage.http.exports import ExportRoutes
from afterimage.http.llm_handler import LlmHandlerRoutes
from afterimage.http.push import PushRoutes
from afterimage.http.routes import Route
from afterimage.http.search import SearchRoutes
from afterimage.http.shares import ShareRoutes
from afterimage.http.sizes import fitting
from afterimage.http.suggestions import SuggestionRoutes
from afterimage.ports.models import ImageRequest, TextReply
from afterimage.use_cases.attach import Attach
from afterimage.use_cases.cancel_message import CancelMessage
from afterimage.use_cases.choose_version import ChooseVersion
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.delete_account import DeleteAccount
from afterimage.use_cases.delete_chat import DeleteChat
from afterimage.use_cases.delete_image import DeleteImage
from afterimage.use_cases.delete_question import DeleteQuestion
from afterimage.use_cases.download_original import DownloadOriginal
from afterimage.use_cases.edit_chat import EditChat
from afterimage.use_cases.end_share import TakeBack
from afterimage.use_cases.export_account import ExportAccount
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.list_chats import ListChats
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.read_chats import ReadImages, ReadMessages, ReadUsage
from afterimage.use_cases.read_shares import ReadShares
from afterimage.use_cases.read_suggestions import ReadSuggestions
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.use_cases.search import Search
from afterimage.use_cases.share_image import ShareImage
from afterimage.use_cases.subscribe import Subscribe
from afterimage.views import chat_view

Call = Callable[..., tuple[int, Any]]
LIMITS = Limits(10, 200, 30, 400, 10, timedelta(seconds=75), timedelta(seconds=450))


def caller_of(authorization: str | None) -> Caller:
    if not authorization:
        raise Unauthorized
    return a_caller(authorization.removeprefix("Bearer "))


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@pytest.fixture
def bundle(bundle: Bundle) -> Bundle:
    bundle = replace(bundle, limits=LIMITS)
    bundle.text.script = [TextReply("Hello!", "[]")]
    return bundle


@pytest.fixture
def model(bundle: Bundle) -> ScriptedModel:
    return bundle.text


@pytest.fixture
def pictures(bundle: Bundle) -> InMemoryPictures:
    return bundle.pictures


@pytest.fixture
def call(bundle: Bundle) -> Call:
    """Calls a route as somebody; whatever succeeds is checked against its declared type."""
    tables, channel, clock, threads = bundle.tables, bundle.channel, bundle.clock, bundle.threads
    messages, ledger, lines, log = bundle.messages, bundle.ledger, bundle.lines, bundle.log
    pictures, keeper, metrics = bundle.pictures, bundle.keeper, bundle.metrics
    chats, events = InMemoryChats(tables), InMemoryEventLog(tables)
    gallery = ReadImages(bundle.images, chats)
    urls, tokens, attach = PlainUrls(), PlainShareTokens(), Attach(events)
    change = bundle.change_picture()
    reading = ChatApiRoutes(
        messages=ReadMessages(messages, chats, attach),
        chats=ListChats(chats),
        images=gallery,
        original=DownloadOriginal(gallery, pictures),
        usage=ReadUsage(ledger, channel.read, clock, LIMITS, 4, 50, dict, log, metrics),
        edit=EditChat(channel, chats),
        cancel=CancelMessage(channel, messages, bundle.end_slots, clock, UPLOAD_TIME, log),
        delete_image=DeleteImage(change, tokens, clock),
        choose=ChooseVersion(channel, messages, lines, log),
        delete_question=DeleteQuestion(messages, lines, bundle.remove_pair(), keeper, clock, log),
        delete_chat=DeleteChat(channel, chats, keeper, clock, log),
        delete_account=DeleteAccount(channel, keeper, clock, log),
        tickets=Tickets(tables, clock),
        limit=LimitConnections(tables, tables, bundle.push, clock),
        replay=ReplayEvents(events, CurrentEvents(events, events), urls, clock, metrics),
        channel=channel,
        urls=urls,
        clock=clock,
        websocket_url=lambda: "wss://channel.test/live",
        others={
            **SuggestionRoutes(
                ReadSuggestions(lambda: SUGGESTED, InMemoryStock(tables), threads), urls
            ).handlers(),
            **PushRoutes(
                Subscribe(channel, InMemorySubscriptions(tables), lambda: PUSH_HOSTS, clock)
            ).handlers(),
            **SearchRoutes(
                Search(chats, messages, events, attach, clock, threads), urls, clock
            ).handlers(),
            **ShareRoutes(
                ShareImage(channel, gallery.one, messages, pictures, tokens, clock, COPY_TIME, log),
                TakeBack(change, tokens, clock),
                ReadShares(bundle.shares, events, clock),
                tokens,
                lambda: "https://page.test",
                urls,
            ).handlers(),
            **ExportRoutes(
                ExportAccount(InMemoryExport(tables), chats, messages, gallery, attach),
                urls,
                clock,
            ).handlers(),
        },
    )
    asking = LlmHandlerRoutes(bundle.answering.answer, bundle.answering.retry, urls, clock)
    handlers = {**asking.handlers(), **reading.handlers()}
    api = HttpApi(handlers, caller_of, clock, log, metrics)

    def call(
        route: Route, *, body: Any = None, user: str = "alice", query: Any = None, **path: str
    ) -> tuple[int, Any]:
        event = {
            "routeKey": route.key,
            "headers": {"authorization": f"Bearer {user}"},
            "pathParameters": path or None,
            "queryStringParameters": query,
            "body": None if body is None else json.dumps(body),
        }
        response = api(event, Context(60_000))
        status = response["statusCode"]
        if "body" not in response:
            assert route.answers[status] is None
            return status, None
        parsed = json.loads(response["body"])
        if status < 300:
            adapter(route.answers[status]).validate_json(response["body"])
        return status, parsed

    return call


FOX = Suggestion(text="A fox in the snow", aspect_ratio="3:2")
BOAT = Suggestion(text="A boat at night")
SUGGESTED = Suggestions(suggestions=(FOX, BOAT))
PUSH_HOSTS = "push.test"


def post(call: Call, **body: Any) -> tuple[int, Any]:
    return call(routes.POST_MESSAGE, body={"text": "Hi", **body}, chat_id=CHAT)


def test_a_text_answer(call: Call) -> None:
    status, body = post(call, id=a_ulid())

    assert status == 200
    assert list(body) == [
        "success",
        "message",
        "skip_message_creation",
        "user_message",
        "assistant_message",
    ]
    assert (body["success"], body["message"]) == (True, "Hello!")
    assert body["skip_message_creation"] is True
    assert body["user_message"]["id"] == a_ulid()
    assert body["assistant_message"]["meta"]["status"] == "complete"


def test_an_image_that_was_started(call: Call, model: ScriptedModel) -> None:
    model.script = [ImageRequest("a red fox", None, "[]")]

    status, body = post(call)

    assert (status, body["success"], body["message"]) == (202, True, "Image generation started")
    assert body["assistant_message"]["meta"]["message_type"] == "image"
    assert body["assistant_message"]["meta"]["status"] == "generating"


def test_an_answer_that_failed(call: Call, model: ScriptedModel) -> None:
    model.script = [ProviderUnavailable("HTTP 503", retry_after=24)]

    status, body = post(call)

    assert (status, body["success"]) == (200, False)
    error = body["assistant_message"]["meta"]["error"]
    assert body["message"] == error["message"] == ProviderUnavailable.public
    assert (error["code"], error["retry_after"]) == ("provider_unavailable", 24)


def test_a_message_without_an_id_gets_one_of_now(call: Call) -> None:
    _, body = post(call)

    assert body["user_message"]["id"][:10] == a_ulid()[:10]
    assert post(call, id=body["user_message"]["id"])[1] == body


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.THINKING, (202, True, "Still thinking")),
        (Status.CANCELLED, (200, False, "Cancelled")),
    ],
)
def test_a_repeat_tells_how_it_stands(
    call: Call, tables: InMemoryTables, status: Status, expected: tuple[int, bool, str]
) -> None:
    _, body = post(call, id=a_ulid())
    key = ("alice", CHAT, body["assistant_message"]["id"])
    tables.rows.messages[key] = replace(tables.rows.messages[key], status=status)

    code, again = post(call, id=a_ulid())

    assert (code, again["success"], again["message"]) == expected


def test_a_repeat_of_a_picture_that_is_ready(
    call: Call, tables: InMemoryTables, model: ScriptedModel
) -> None:
    model.script = [ImageRequest("a red fox", None, "[]")]
    _, body = post(call, id=a_ulid())
    key = ("alice", CHAT, body["assistant_message"]["id"])
    message = tables.rows.messages[key]
    tables.rows.messages[key] = message.changed([message.slots[0].painted(an_image())])

    code, again = post(call, id=a_ulid())

    assert (code, again["success"], again["message"]) == (200, True, "Image ready")
    assert again["assistant_message"]["meta"]["image"]["width"] == 1024


def test_the_clients_aspect_ratio(call: Call, model: ScriptedModel) -> None:
    model.script = [ImageRequest("a red fox", "1:1", "[]")]

    _, body = post(call, aspect_ratio="21:9")

    assert body["assistant_message"]["meta"]["aspect_ratio"] == "21:9"


def test_messages_of_a_chat(call: Call) -> None:
    post(call, id=a_ulid())

    status, body = call(routes.LIST_MESSAGES, chat_id=CHAT)

    assert status == 200
    assert [message["role"] for message in body["messages"]] == ["assistant", "user"]
    assert body["next_cursor"] is None
    assert call(routes.LIST_MESSAGES, chat_id=CHAT, user="bob")[1]["messages"] == []
    first = call(routes.LIST_MESSAGES, chat_id=CHAT, query={"limit": "1"})[1]
    rest = call(routes.LIST_MESSAGES, chat_id=CHAT, query={"cursor": first["next_cursor"]})[1]
    assert first["messages"] + rest["messages"] == body["messages"]
    around = call(routes.LIST_MESSAGES, chat_id=CHAT, query={"around": a_ulid()})[1]
    assert around["messages"] == body["messages"]


def test_one_message(call: Call) -> None:
    _, posted = post(call, id=a_ulid())

    assert call(routes.GET_MESSAGE, chat_id=CHAT, message_id=a_ulid()) == (
        200,
        posted["user_message"],
    )
    assert call(routes.GET_MESSAGE, chat_id=CHAT, message_id=a_ulid(), user="bob")[0] == 404
    assert call(routes.GET_MESSAGE, chat_id=CHAT, message_id=a_ulid(99))[0] == 404


def test_chats_and_their_titles(call: Call) -> None:
    post(call, text="What a day")

    chat = {
        "id": CHAT,
        "title": "What a day",
        "created_at": "2026-11-20T10:00:00.000Z",
        "updated_at": "2026-11-20T10:00:00.000Z",
        "pinned": False,
        "title_origin": "text",
    }
    assert call(routes.LIST_CHATS) == (200, {"chats": [chat], "next_cursor": None})
    assert call(routes.EDIT_CHAT, chat_id=CHAT, body={"title": " Renamed "}) == (
        200,
        {**chat, "title": "Renamed", "title_origin": "person"},
    )
    assert call(routes.EDIT_CHAT, chat_id=CHAT, body={"pinned": True})[1]["pinned"] is True
    for nothing in ({}, {"title": None}, {"title": " "}, {"title": "\u2060"}, {"pinned": "yes"}):
        assert call(routes.EDIT_CHAT, chat_id=CHAT, body=nothing)[0] == 400
    assert call(routes.EDIT_CHAT, chat_id=CHAT, body={"title": "x"}, user="bob")[0] == 404


def test_pages_of_chats_by_the_cursor_that_was_given(call: Call, tables: InMemoryTables) -> None:
    for number in range(3):
        at = NOW + timedelta(minutes=number)
        tables.rows.chats["alice", f"chat_{number}-x"] = Chat(f"chat_{number}-x", "t", NOW, at)

    first = call(routes.LIST_CHATS, query={"limit": "2"})[1]
    second = call(routes.LIST_CHATS, query={"limit": "2", "cursor": first["next_cursor"]})[1]

    assert [chat["id"] for chat in first["chats"] + second["chats"]] == [
        "chat_2-x",
        "chat_1-x",
        "chat_0-x",
    ]


def test_everything_of_ones_own_page_by_page(
    call: Call, tables: InMemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(call, text="What a fine day")
    tables.rows.images[ALICE, an_image().id] = an_image()
    tables.rows.jobs[ALICE, a_job().id] = a_job()
    whole = call(routes.EXPORT_ME)[1]
    monkeypatch.setattr(sizes, "LARGEST_LIST", 1)

    pages: list[Any] = []
    query: dict[str, str] = {}
    while True:
        page = call(routes.EXPORT_ME, query=query)[1]
        pages.append(page)
        if page["next_cursor"] is None:
            break
        query = {"cursor": page["next_cursor"]}

    assert whole["next_cursor"] is None
    assert [len(whole[kind]) for kind in ("chats", "messages", "images", "ledger")][:3] == [1, 2, 1]
    for kind in ("chats", "messages", "images", "ledger"):
        assert [row for page in pages for row in page[kind]] == whole[kind]
    assert [sum(map(len, list(page.values())[:4])) for page in pages] == [1] * len(pages)
    assert call(routes.EXPORT_ME, user="bob")[1]["chats"] == []
    assert call(routes.EXPORT_ME, query={"cursor": "people~x"})[0] == 400


def test_words_in_ones_own_chats(call: Call) -> None:
    post(call, text="What a fine day")

    status, body = call(routes.SEARCH, query={"q": "FINE what"})

    title, message = body["results"]
    assert (status, body["next_cursor"]) == (200, None)
    assert (title["chat"]["title"], title["message"]) == ("What a fine day", None)
    assert message["message"]["text"] == "What a fine day"
    assert call(routes.SEARCH, query={"q": "fine"}, user="bob")[1]["results"] == []
    for query in (None, {"q": ""}, {"q": "\u0301"}, {"q": "x" * 201}, {"q": "a", "cursor": "x"}):
        assert call(routes.SEARCH, query=query)[0] == 400
    assert call(routes.SEARCH, query={"q": "🦊" * 200})[0] == 200


def test_a_page_of_results_is_cut_where_another_would_be_too_much(
    tables: InMemoryTables, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGEST_LIST", 5_000)
    tables.rows.chats[ALICE, CHAT] = Chat(CHAT, "title", NOW, NOW)
    for number in range(6):
        message = a_message(number, text=f"fox {number} " + "🦊" * 50)
        tables.rows.messages[ALICE, CHAT, message.id] = message

    read, query = [], {"q": "fox"}
    while query:
        body = call(routes.SEARCH, query=query)[1]
        read.append([one["message"]["text"][:5] for one in body["results"]])
        query = {"q": "fox", "cursor": body["next_cursor"]} if body["next_cursor"] else {}

    assert len(read) > 1
    assert [text for page in read for text in page] == [f"fox {n}" for n in range(5, -1, -1)]


def test_the_gallery(call: Call, tables: InMemoryTables) -> None:
    tables.rows.images["alice", an_image().id] = an_image()

    status, body = call(routes.LIST_IMAGES, query={"q": "red"})

    assert (status, len(body["images"]), body["next_cursor"]) == (200, 1, None)
    assert body["images"][0]["url"].startswith("https://pictures.test/cdn/")
    assert call(routes.LIST_IMAGES, query={"q": "blue"})[1]["images"] == []
    assert call(routes.LIST_IMAGES, user="bob")[1]["images"] == []


def test_usage(call: Call) -> None:
    post(call)

    assert call(routes.GET_USAGE) == (
        200,
        {
            "limit": 10,
            "used": 0,
            "resets_at": "2026-11-21T00:00:00.000Z",
            "message_limit": 200,
            "messages_used": 1,
            "upload_limit": 50,
            "uploads_used": 0,
            "provider_calls": 0,
            "provider_call_limit": 30,
            "text_calls": 1,
            "text_call_limit": 400,
            "painting": 0,
            "painting_limit": 4,
            "cost_usd": "0",
            "typical_ms": None,
            "typical_ms_by_model": {},
        },
    )


def test_a_ticket(call: Call, tables: InMemoryTables, clock: FixedClock) -> None:
    status, body = call(routes.ISSUE_TICKET)

    url, ticket = body["url"].split("?ticket=")
    assert (status, url, body["expires_in"]) == (200, "wss://channel.test/live", 30)
    assert Tickets(tables, clock).spend(ticket) == a_caller("alice")


def test_a_ticket_closes_what_opened_and_never_resumed(
    call: Call, tables: InMemoryTables, push: RecordingPush, clock: FixedClock
) -> None:
    tables.enter("alice", "silent", NOW)
    clock.advance(seconds=31)

    call(routes.ISSUE_TICKET)

    assert (push.closed, tables.rows.unresumed) == (["silent"], {})


def test_missed_events(call: Call) -> None:
    assert call(routes.LIST_EVENTS) == (200, {"events": [], "seq": 0, "reset": False})
    post(call)

    status, body = call(routes.LIST_EVENTS, query={"after": "1"})

    assert (status, body["seq"], body["reset"]) == (200, 3, False)
    assert [(frame["event"], frame["seq"]) for frame in body["events"]] == [
        ("message-insert", 2),
        ("message-update", 3),
    ]
    assert call(routes.LIST_EVENTS)[1] == {"events": [], "seq": 3, "reset": False}
    assert call(routes.LIST_EVENTS, query={"after": "9"})[1] == {
        "events": [],
        "seq": 3,
        "reset": True,
    }
    assert call(routes.LIST_EVENTS, user="bob")[1]["seq"] == 0


def test_a_reply_longer_than_a_frame_is_whole_over_http(call: Call, tables: InMemoryTables) -> None:
    long = a_message(text="🦊" * 20_000)
    tables.rows.messages["alice", CHAT, long.id] = long

    _, body = call(routes.GET_MESSAGE, chat_id=CHAT, message_id=long.id)

    assert (body["text"], body["truncated"]) == (long.text, False)


# --- Cancel and retry --------------------------------------------------------------------------


def ordered(call: Call, model: ScriptedModel) -> Any:
    """A message whose picture is being painted."""
    model.script = [ImageRequest("a red fox", None, "[]")]
    return post(call, id=a_ulid())[1]["assistant_message"]


def click(call: Call, route: Route, message: Any, version: int, **asked: Any) -> tuple[int, Any]:
    return call(route, chat_id=CHAT, message_id=message["id"], body={"version": version}, **asked)


def test_cancel_and_retry(call: Call, model: ScriptedModel) -> None:
    message = ordered(call, model)

    status, body = click(call, routes.CANCEL_MESSAGE, message, 2)
    cancelled = body["assistant_message"]
    assert (status, list(body)) == (200, ["assistant_message"])
    assert (cancelled["version"], cancelled["meta"]["status"]) == (3, "cancelled")
    assert call(routes.GET_MESSAGE, chat_id=CHAT, message_id=message["id"])[1] == cancelled
    assert call(routes.GET_USAGE)[1]["used"] == 0

    status, body = click(call, routes.RETRY_MESSAGE, message, 3)
    assert (status, list(body)) == (200, ["assistant_message"])
    assert body["assistant_message"]["meta"]["status"] == "generating"
    assert call(routes.GET_USAGE)[1]["used"] == 1


@pytest.mark.parametrize("route", [routes.CANCEL_MESSAGE, routes.RETRY_MESSAGE])
def test_a_click_on_another_version_gets_the_message_as_it_stands(
    call: Call, model: ScriptedModel, route: Route
) -> None:
    message = ordered(call, model)

    assert click(call, route, message, 99) == (200, {"assistant_message": message})


@pytest.mark.parametrize(
    ("route", "code"),
    [(routes.CANCEL_MESSAGE, "not_running"), (routes.RETRY_MESSAGE, "not_failed")],
)
def test_a_click_on_what_is_complete_is_refused(call: Call, route: Route, code: str) -> None:
    message = post(call, id=a_ulid())[1]["assistant_message"]

    status, body = click(call, route, message, message["version"])

    assert (status, body["error"]["code"]) == (409, code)
    assert body["error"]["retry_after"] is None


@pytest.mark.parametrize("route", [routes.CANCEL_MESSAGE, routes.RETRY_MESSAGE])
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"user": "bob"}, (404, "not_found")),
        ({"message_id": a_ulid(99)}, (404, "not_found")),
        ({"chat_id": "another"}, (404, "not_found")),
        ({"chat_id": "a#b"}, (400, "invalid")),
        ({"message_id": "not-a-ulid"}, (400, "invalid")),
        ({"body": {}}, (400, "invalid")),
        ({"body": {"version": 0}}, (400, "invalid")),
        ({"body": {"version": 2**60}}, (400, "invalid")),
        ({"body": {"version": 2, "force": True}}, (400, "invalid")),
    ],
)
def test_a_click_that_cannot_be_served(
    call: Call,
    model: ScriptedModel,
    route: Route,
    changed: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    message = ordered(call, model)
    asked = {"chat_id": CHAT, "message_id": message["id"], "body": {"version": 2}, **changed}

    status, body = call(route, **asked)

    assert (status, body["error"]["code"]) == expected
    assert call(routes.GET_MESSAGE, chat_id=CHAT, message_id=message["id"])[1] == message


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("open", (429, "too_many_open")),
        ("messages", (429, "message_limit")),
        ("text_calls", (429, "provider_limit")),
    ],
)
def test_a_retry_beyond_a_limit_is_refused(
    call: Call, tables: InMemoryTables, model: ScriptedModel, used: str, expected: tuple[int, str]
) -> None:
    model.script = [ProviderUnavailable("HTTP 503")]
    failed = post(call, id=a_ulid())[1]["assistant_message"]
    if used == "open":
        tables.rows.counters["alice"].open = LIMITS.open_messages
    else:
        tables.rows.used["alice", f"{used}#2026-11-20"] = 400

    status, body = click(call, routes.RETRY_MESSAGE, failed, failed["version"])

    assert (status, body["error"]["code"]) == expected


def test_a_retry_that_fails_again_is_answered_with_its_message(
    call: Call, model: ScriptedModel
) -> None:
    model.script = [ProviderUnavailable("HTTP 503"), ProviderUnavailable("HTTP 503")]
    failed = post(call, id=a_ulid())[1]["assistant_message"]

    status, body = click(call, routes.RETRY_MESSAGE, failed, failed["version"])

    again = body["assistant_message"]
    assert (status, again["meta"]["status"], again["version"]) == (200, "failed", 4)
    assert again["meta"]["error"]["code"] == "provider_unavailable"


def test_a_repeat_of_what_was_cancelled_says_so(call: Call, model: ScriptedModel) -> None:
    message = ordered(call, model)
    click(call, routes.CANCEL_MESSAGE, message, 2)

    status, body = post(call, id=a_ulid())

    assert (status, body["success"], body["message"]) == (200, False, "Cancelled")


def test_a_version_is_chosen(call: Call, model: ScriptedModel) -> None:
    model.script = [TextReply("One", "[]"), TextReply("Two", "[]")]
    first = post(call, id=a_ulid())[1]["user_message"]["id"]
    post(call, id=a_ulid(2), replaces=first)

    status, body = call(routes.CHOOSE_VERSION, chat_id=CHAT, message_id=first)

    assert (status, [one["text"] for one in body["messages"]]) == (200, ["Hi", "One"])
    assert all(one["stands"] for one in body["messages"])


@pytest.mark.parametrize(
    "wish",
    [
        {"again": a_ulid(), "image_ids": [a_ulid(2)], "paint": True},
        {"id": a_ulid(), "replaces": a_ulid()},
    ],
)
def test_wishes_that_contradict_each_other_are_refused(call: Call, wish: dict[str, Any]) -> None:
    status, body = post(call, **wish)

    assert (status, body["error"]["code"]) == (400, "invalid")


def test_a_browser_is_told_and_told_no_more(call: Call) -> None:
    endpoint = {"endpoint": f"https://{PUSH_HOSTS}/a-browser"}
    keys = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}

    assert call(routes.PUT_SUBSCRIPTION, body={**endpoint, "keys": keys}) == (204, None)
    assert call(routes.DELETE_SUBSCRIPTION, body=endpoint) == (204, None)


# --- One picture ---------------------------------------------------------------------------------


def test_one_picture(call: Call, tables: InMemoryTables) -> None:
    tables.rows.images["alice", a_ulid(3)] = an_image(3)

    status, body = call(routes.GET_IMAGE, image_id=a_ulid(3))

    assert (status, body) == (200, call(routes.LIST_IMAGES)[1]["images"][0])


def test_its_original_is_downloaded_from_the_bucket(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures
) -> None:
    tables.rows.images["alice", a_ulid(3)] = an_image(3)
    key = ids.image_key("alice", a_ulid(3), "original")
    pictures.files[key] = b"as it came"

    status, body = call(routes.GET_ORIGINAL, image_id=a_ulid(3))

    assert status == 200
    assert body == {
        "url": f"https://bucket.test/{key}?name=afterimage-{a_ulid(3)}",
        "expires_in": 300,
    }


@pytest.mark.parametrize("route", [routes.GET_IMAGE, routes.GET_ORIGINAL])
def test_somebody_elses_picture_is_none_and_so_is_one_of_a_chat_that_goes(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures, route: Route
) -> None:
    post(call)
    tables.rows.images["alice", a_ulid(3)] = an_image(3)
    for user in ("alice", "bob"):
        pictures.files[ids.image_key(user, a_ulid(3), "original")] = b"as it came"
    assert call(route, image_id=a_ulid(3))[0] == 200

    assert call(route, image_id=a_ulid(3), user="bob")[0] == 404
    assert call(route, image_id=a_ulid(4))[0] == 404
    call(routes.DELETE_CHAT, chat_id=CHAT)
    assert call(route, image_id=a_ulid(3))[0] == 404


def test_an_original_that_is_gone_is_not_found(call: Call, tables: InMemoryTables) -> None:
    tables.rows.images["alice", a_ulid(3)] = an_image(3)

    status, body = call(routes.GET_ORIGINAL, image_id=a_ulid(3))

    assert (status, body["error"]["code"]) == (404, "not_found")


# --- Deletion ------------------------------------------------------------------------------------


def test_deleting_answers_without_a_word(call: Call, tables: InMemoryTables) -> None:
    post(call)
    tables.rows.images["alice", a_ulid(3)] = an_image(3)

    assert call(routes.DELETE_IMAGE, image_id=a_ulid(3)) == (204, None)
    assert call(routes.DELETE_IMAGE, image_id=a_ulid(3)) == (204, None)
    assert call(routes.DELETE_CHAT, chat_id=CHAT) == (204, None)
    assert call(routes.DELETE_CHAT, chat_id=CHAT) == (204, None)
    assert call(routes.LIST_CHATS)[1]["chats"] == []
    assert post(call)[1]["error"]["code"] == "chat_deleted"
    assert call(routes.DELETE_ME) == (202, {})
    assert call(routes.DELETE_ME) == (202, {})


@pytest.mark.parametrize("image_id", ["x", "", a_ulid().lower(), f"{a_ulid()}#"])
def test_an_image_id_that_is_none_is_refused(call: Call, image_id: str) -> None:
    status, body = call(routes.DELETE_IMAGE, image_id=image_id)

    assert (status, body["error"]["code"]) == (400, "invalid")


# Of another function, or asked below.
ELSEWHERE = (routes.DELETE_ME, routes.POST_MESSAGE, routes.PUT_IMAGE)
OF_AN_ACCOUNT = [route for route in routes.ROUTES if not route.public and route not in ELSEWHERE]


@pytest.mark.parametrize("route", OF_AN_ACCOUNT, ids=lambda route: route.key)
def test_a_deleted_account_is_refused_on_every_route(
    call: Call, tables: InMemoryTables, route: Route
) -> None:
    call(routes.DELETE_ME)
    path = {"chat_id": CHAT, "message_id": a_ulid(), "image_id": a_ulid()}
    named = {key: value for key, value in path.items() if f"{{{key}}}" in route.path}
    endpoint = {"endpoint": f"https://{PUSH_HOSTS}/a-browser"}
    keys = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}
    bodies: dict[Route, dict[str, Any]] = {
        routes.EDIT_CHAT: {"title": "a title"},
        routes.PUT_SUBSCRIPTION: {**endpoint, "keys": keys},
        routes.DELETE_SUBSCRIPTION: endpoint,
    }
    body = bodies.get(route, {"version": 1}) if route.body else None

    status, answer = call(route, body=body, **named)

    assert (status, answer["error"]["code"]) == (410, "account_deleted")
    assert tables.rows.tickets == {}


@pytest.mark.parametrize("number", [0, -3_600_000])
def test_a_deleted_account_is_refused_a_message_whatever_its_id(call: Call, number: int) -> None:
    call(routes.DELETE_ME)

    status, body = post(call, id=a_ulid(at=NOW + timedelta(milliseconds=number)))

    assert (status, body["error"]["code"]) == (410, "account_deleted")


# --- Sizes: no answer is larger than Lambda lets through, and nothing is lost for it --------------

ALICE = "alice"
LARGEST = 6_291_556  # bytes of an answer; more is Lambda's Function.ResponseSizeTooLarge
MESSAGES = 100
# What one character becomes, in the body and then in Lambda's own JSON.
LONG_TEXTS = {
    "emoji": "🦊" * 50_000,
    "quotation marks": '"' * 60_000,
    "control characters": "\x01" * 60_000,
}
REST = {
    "statusCode": 200,
    "headers": {"content-type": "application/json", "cache-control": "no-store"},
}


def size(answer: Any) -> int:
    """Bytes of Lambda's answer, by whichever runtime needs more."""
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return len(json.dumps({**REST, "body": body}))


@pytest.fixture(params=sorted(LONG_TEXTS))
def long_chat(request: pytest.FixtureRequest, tables: InMemoryTables) -> InMemoryTables:
    """Of the longest texts that a model's answer may have."""
    text = LONG_TEXTS[request.param]
    tables.rows.chats[ALICE, CHAT] = Chat(CHAT, "title", NOW, NOW)
    for number in range(MESSAGES):
        message = a_message(number, text=text)
        tables.commit(
            tables.read(ALICE),
            Transition((InsertMessage(message),), (MessageInserted(message),)),
            NOW,
        )
    return tables


def pages(call: Call, route: Route, name: str, **path: str) -> Iterator[list[Any]]:
    """All pages as somebody reads them, each checked."""
    query = {"limit": "100"}
    while True:
        status, page = call(route, query=query, **path)
        assert status == 200
        assert size(page) <= LARGEST
        assert page[name]
        yield page[name]
        if page["next_cursor"] is None:
            return
        query = {"limit": "100", "cursor": page["next_cursor"]}


def test_a_chat_of_long_texts_comes_in_shorter_pages(long_chat: InMemoryTables, call: Call) -> None:
    read = list(pages(call, routes.LIST_MESSAGES, "messages", chat_id=CHAT))

    assert len(read) > 1
    ids = [message["id"] for page in read for message in page]
    assert ids == [a_ulid(number) for number in reversed(range(MESSAGES))]


@pytest.mark.parametrize("number", [0, 1, 50, MESSAGES - 1])
def test_who_is_asked_for_is_in_a_page_with_whom_stands_beside(
    long_chat: InMemoryTables, call: Call, number: int
) -> None:
    query = {"limit": "100", "around": a_ulid(number)}

    status, page = call(routes.LIST_MESSAGES, query=query, chat_id=CHAT)

    assert status == 200
    assert size(page) <= LARGEST
    ids = [message["id"] for message in page["messages"]]
    beside = range(max(0, number - 1), min(MESSAGES, number + 2))
    assert {a_ulid(one) for one in beside} <= set(ids)
    assert ids == sorted(ids, reverse=True)
    oldest = a_ulid(0) in ids
    assert page["next_cursor"] == (None if oldest else ids[-1])


def test_missed_events_with_long_texts_come_without_them_as_on_the_socket(
    long_chat: InMemoryTables, call: Call
) -> None:
    events: list[Any] = []
    while len(events) < MESSAGES:
        query = {"after": str(len(events))}
        status, answer = call(routes.LIST_EVENTS, query=query)
        assert status == 200
        assert size(answer) <= LARGEST
        assert answer["seq"] == answer["events"][-1]["seq"]
        events += answer["events"]

    assert [event["seq"] for event in events] == list(range(1, MESSAGES + 1))
    assert all(event["payload"]["message"]["truncated"] for event in events)
    assert [json.loads(frames.encode(event)) for event in events] == events


def test_many_events_that_just_fit_a_frame_are_fewer_an_answer(
    tables: InMemoryTables, call: Call
) -> None:
    text = '"' * 15_000
    for number in range(200):
        message = a_message(number, text=text)
        change = Transition((InsertMessage(message),), (MessageInserted(message),))
        tables.commit(tables.read(ALICE), change, NOW)

    first = call(routes.LIST_EVENTS, query={"after": "0"})[1]
    second = call(routes.LIST_EVENTS, query={"after": str(first["seq"])})[1]

    assert max(size(first), size(second)) <= LARGEST
    assert 0 < first["seq"] == len(first["events"]) < 200
    assert second["events"][0]["seq"] == first["seq"] + 1
    assert not any(event["payload"]["message"]["truncated"] for event in first["events"])


def test_a_gallery_of_long_prompts_comes_in_shorter_pages(
    tables: InMemoryTables, call: Call
) -> None:
    for number in range(MESSAGES):
        tables.rows.images[ALICE, a_ulid(number)] = an_image(number, prompt="🦊" * 8_000)

    read = list(pages(call, routes.LIST_IMAGES, "images"))

    assert len(read) > 1
    assert [image["id"] for page in read for image in page] == [
        a_ulid(number) for number in reversed(range(MESSAGES))
    ]


def test_the_largest_page_of_chats_is_never_cut() -> None:
    longest = chat_view(Chat("x" * 64, "🦊" * taken.MAX_TITLE, NOW, NOW))

    most = [longest] * (100 + MOST_PINNED)

    assert fitting(most) == slice(0, len(most))


def test_an_ordinary_page_is_whole() -> None:
    views = [
        frames.broadcast(MessageInserted(a_message(n)), n, PlainUrls(), NOW) for n in range(200)
    ]

    assert fitting(views) == slice(0, 200)
    assert fitting(views, 120) == slice(0, 200)
    assert fitting([]) == slice(0, 0)


# --- What is suggested ---------------------------------------------------------------------------


def test_a_suggestion_shows_its_sample_and_says_whether_a_picture_is_there(
    call: Call, tables: InMemoryTables
) -> None:
    for number, name in enumerate((SAMPLE, ready_name(a_ulid(1)))):
        image = an_image(number, message_id=None, chat_id=None)
        tables.rows.stock[FOX.id, name] = StockPicture(FOX.id, name, image, "a-model", 0)

    status, body = call(routes.LIST_SUGGESTIONS)

    shown = {
        "id": FOX.id,
        "text": FOX.text,
        "aspect_ratio": "3:2",
        "thumbnail_url": "https://pictures.test/cdn/p/user/0/thumbnail.webp?signed",
        "color": "#aabbcc",
        "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
        "ready": True,
    }
    nothing = dict.fromkeys(("thumbnail_url", "color", "thumbhash"))
    without = {"id": BOAT.id, "text": BOAT.text, "aspect_ratio": "1:1", "ready": False, **nothing}
    assert (status, body) == (200, {"suggestions": [shown, without]})


# --- Links to pictures ---------------------------------------------------------------------------


def brought(tables: InMemoryTables, pictures: InMemoryPictures, number: int = 3) -> str:
    """Id of a picture that is in the gallery, and whose file is there."""
    image = an_image(number, chat_id=None, message_id=None)
    tables.rows.images["alice", image.id] = image
    pictures.files[image.key] = b"webp"
    return image.id


def test_a_link_lasts_seven_days_unless_told_otherwise(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures
) -> None:
    image_id = brought(tables, pictures)

    status, link = call(routes.SHARE_IMAGE, body={}, image_id=image_id)
    _, again = call(routes.SHARE_IMAGE, body={"prompt": True, "days": 30}, image_id=image_id)
    _, listed = call(routes.LIST_SHARES)
    _, image = call(routes.GET_IMAGE, image_id=image_id)

    assert status == 200
    assert link["url"].startswith("https://page.test/s/")
    assert (link["expires_at"], link["prompt"]) == ("2026-11-27T10:00:00.000Z", False)
    assert again == {
        "url": link["url"],
        "expires_at": "2026-12-20T10:00:00.000Z",
        "prompt": True,
    }
    assert listed == {"shares": [{"image": image, **again}], "next_cursor": None}
    assert image["shared_until"] == again["expires_at"]


def test_a_link_is_taken_back_and_again_is_the_same(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures
) -> None:
    image_id = brought(tables, pictures)
    call(routes.SHARE_IMAGE, body={}, image_id=image_id)

    assert call(routes.UNSHARE_IMAGE, image_id=image_id) == (204, None)
    assert call(routes.UNSHARE_IMAGE, image_id=image_id) == (204, None)
    assert call(routes.LIST_SHARES) == (200, {"shares": [], "next_cursor": None})
    assert call(routes.GET_IMAGE, image_id=image_id)[1]["shared_until"] is None


@pytest.mark.parametrize(
    "body", [{"days": 0}, {"days": 31}, {"days": "7"}, {"prompt": 1}, {"x": 1}]
)
def test_a_malformed_wish_to_share_is_refused(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures, body: Any
) -> None:
    image_id = brought(tables, pictures)

    status, refused = call(routes.SHARE_IMAGE, body=body, image_id=image_id)

    assert (status, refused["error"]["code"]) == (400, "invalid")
    assert tables.rows.shares == {}


def test_nobody_shares_what_is_not_theirs(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures
) -> None:
    image_id = brought(tables, pictures)

    status, _ = call(routes.SHARE_IMAGE, body={}, image_id=image_id, user="bob")
    call(routes.SHARE_IMAGE, body={}, image_id=image_id)

    assert status == 404
    assert call(routes.UNSHARE_IMAGE, image_id=image_id, user="bob") == (204, None)
    assert len(tables.rows.shares) == 1
    assert call(routes.LIST_SHARES, user="bob")[1]["shares"] == []


def test_what_is_shared_comes_in_pages(
    call: Call, tables: InMemoryTables, pictures: InMemoryPictures
) -> None:
    shared = [brought(tables, pictures, number) for number in (3, 4, 5)]
    for image_id in shared:
        call(routes.SHARE_IMAGE, body={}, image_id=image_id)

    _, first = call(routes.LIST_SHARES, query={"limit": "2"})
    _, second = call(routes.LIST_SHARES, query={"limit": "2", "cursor": first["next_cursor"]})

    pages = [[one["image"]["id"] for one in page["shares"]] for page in (first, second)]
    assert pages == [shared[:0:-1], shared[:1]]
    assert second["next_cursor"] is None
