"""The way in from the WebSocket: tickets, connections, and whatever a client may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import a_caller, a_ulid
from tests.support.bundle import Bundle
from tests.support.doubles import (
    NOW,
    FixedClock,
    PlainUrls,
    RecordingLog,
    RecordingMetrics,
    RecordingPush,
)
from tests.support.in_memory import InMemoryEventLog, InMemoryLedger, InMemoryTables
from tests.unit.conftest import USER

from afterimage.domain.metrics import Metric
from afterimage.use_cases.current_events import CurrentEvents
from afterimage.use_cases.limit_connections import LimitConnections
from afterimage.use_cases.open_connection import Tickets
from afterimage.use_cases.replay_events import ReplayEvents
from afterimage.use_cases.report_wait import ReportWait
from afterimage.use_cases.resume_channel import ResumeChannel
from afterimage.websocket_api import WebSocketApi

END = a_caller().until
ARN = "arn:aws:execute-api:eu-central-1:123456789012:abc/live/$connect"


def build(
    tables: InMemoryTables,
    push: RecordingPush,
    log: RecordingLog,
    metrics: RecordingMetrics,
    warmed: list[str] | None = None,
) -> WebSocketApi:
    clock = FixedClock()
    events = InMemoryEventLog(tables)
    replay = ReplayEvents(events, CurrentEvents(events, events), PlainUrls(), clock, metrics)
    limit = LimitConnections(tables, tables, push, clock)
    return WebSocketApi(
        Tickets(tables, clock),
        ResumeChannel(tables, tables, limit, replay, push, clock),
        limit,
        ReportWait(InMemoryLedger(tables), clock, log, metrics),
        ([] if warmed is None else warmed).append,
        log,
        metrics,
    )


@pytest.fixture
def api(alone: Bundle) -> WebSocketApi:
    return build(alone.tables, alone.push, alone.log, alone.metrics)


def event(route: str, body: object = None, **more: Any) -> dict[str, Any]:
    request = {
        "routeKey": route,
        "connectionId": "tab",
        "authorizer": {"principalId": USER, "token_ends_at": str(int(END.timestamp()))},
    }
    return {"requestContext": request, "body": body, **more}


def authorize(api: WebSocketApi, query: dict[str, str] | None) -> dict[str, Any]:
    return api({"type": "REQUEST", "methodArn": ARN, "queryStringParameters": query}, None)


def effect(answer: dict[str, Any]) -> str:
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Resource"] == ARN
    assert statement["Action"] == "execute-api:Invoke"
    return str(statement["Effect"])


def test_a_ticket_lets_its_user_in_once(alone: Bundle, api: WebSocketApi) -> None:
    ticket = Tickets(alone.tables, FixedClock()).issue(a_caller(USER))

    first = authorize(api, {"ticket": ticket})
    second = authorize(api, {"ticket": ticket})

    assert (effect(first), first["principalId"]) == ("Allow", USER)
    assert first["context"] == {"token_ends_at": str(int(END.timestamp()))}
    assert (effect(second), second["principalId"]) == ("Deny", "nobody")


@pytest.mark.parametrize("query", [None, {}, {"ticket": ""}, {"ticket": "YWxpY2U=.forged"}])
def test_nobody_else_gets_in(api: WebSocketApi, query: dict[str, str] | None) -> None:
    assert effect(authorize(api, query)) == "Deny"


def test_a_ticket_never_reaches_the_log(alone: Bundle, api: WebSocketApi) -> None:
    ticket = Tickets(alone.tables, FixedClock()).issue(a_caller(USER))

    authorize(api, {"ticket": ticket})

    assert ticket.split(".")[2] not in alone.log.text()


def test_a_connection_is_registered_by_resume_and_not_before(
    alone: Bundle, api: WebSocketApi
) -> None:
    assert api(event("$connect"), None) == {"statusCode": 200}
    assert (alone.tables.read(USER).connections, alone.push.sent) == ((), [])
    assert list(alone.tables.rows.unresumed) == [(USER, "tab")]

    api(event("$default", '{"action": "resume", "after": null}'), None)

    assert alone.tables.read(USER).connections == ("tab",)
    assert alone.tables.rows.unresumed == {}
    assert alone.push.to("tab") == [{"type": "system", "event": "resumed", "seq": 0}]


def test_a_connection_that_closes_is_forgotten(alone: Bundle, api: WebSocketApi) -> None:
    alone.tables.register(USER, "tab", NOW)

    alone.tables.enter(USER, "tab", NOW)

    assert api(event("$disconnect"), None) == {"statusCode": 200}

    assert alone.tables.read(USER).connections == ()
    assert alone.tables.rows.unresumed == {}


@pytest.mark.parametrize("authorizer", [{}, {"authorizer": None}, {"authorizer": {}}])
def test_of_whom_nobody_let_in_there_is_nothing_to_forget(
    api: WebSocketApi, authorizer: dict[str, Any]
) -> None:
    request = {"connectionId": "tab", **authorizer}

    left = api({"requestContext": {**request, "routeKey": "$disconnect"}}, None)

    assert left == {"statusCode": 200}
    with pytest.raises(KeyError):
        api({"requestContext": {**request, "routeKey": "$default"}, "body": "{}"}, None)


def test_a_ping_is_answered(alone: Bundle, api: WebSocketApi) -> None:
    api(event("$default", '{"action": "ping"}'), None)

    assert alone.push.to("tab") == [{"type": "system", "event": "pong", "seq": 0}]


@pytest.mark.parametrize("after", [0, 7, 2**53])
def test_a_seq_is_a_whole_number(alone: Bundle, api: WebSocketApi, after: int) -> None:
    api(event("$default", f'{{"action": "resume", "after": {after}}}'), None)

    assert alone.push.to("tab")[-1]["event"] in ("resumed", "reset")


GARBAGE = {
    "nothing": None,
    "empty": "",
    "no json": "hello",
    "cut": '{"action": "pi',
    "a list": "[]",
    "a text": '"ping"',
    "a number": "1",
    "binary": "\x00\x01\xff",
    "no action": "{}",
    "unknown action": '{"action": "destroy"}',
    "action is a list": '{"action": ["ping"]}',
    "deep": "[" * 30_000,
    "huge number": '{"action": "resume", "after": ' + "9" * 6_000 + "}",
    "over 2^53": '{"action": "resume", "after": 9007199254740993}',
    "negative": '{"action": "resume", "after": -1}',
    "half": '{"action": "resume", "after": 1.5}',
    "true": '{"action": "resume", "after": true}',
    "a text as seq": '{"action": "resume", "after": "7"}',
    "nan": '{"action": "resume", "after": NaN}',
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_anything_else_gets_an_error_and_stays_connected(
    alone: Bundle, api: WebSocketApi, body: object
) -> None:
    alone.tables.register(USER, "tab", NOW)

    assert api(event("$default", body), None) == {"statusCode": 200}

    (frame,) = alone.push.to("tab")
    assert (frame["type"], frame["event"], frame["code"]) == ("system", "error", "invalid")
    assert alone.tables.read(USER).connections == ("tab",)
    assert alone.push.closed == []


@pytest.mark.parametrize(
    "body", ['{"action": "ping"}', '{"action": "resume", "after": 0}', "garbage"]
)
def test_whose_token_has_ended_is_told_and_closed_whatever_they_send(
    alone: Bundle, api: WebSocketApi, body: str
) -> None:
    alone.tables.register(USER, "tab", NOW)
    ended = event("$default", body)
    ended["requestContext"]["authorizer"]["token_ends_at"] = str(int(NOW.timestamp()) - 61)

    assert api(ended, None) == {"statusCode": 200}

    (frame,) = alone.push.to("tab")
    assert (frame["type"], frame["event"], frame["code"]) == ("system", "error", "token_expired")
    assert (alone.push.closed, alone.tables.read(USER).connections) == (["tab"], ())
    assert "websocket_token_expired" in alone.log.text()


def test_a_connection_from_before_tokens_were_kept_stays(alone: Bundle, api: WebSocketApi) -> None:
    old = event("$default", '{"action": "ping"}')
    del old["requestContext"]["authorizer"]["token_ends_at"]

    api(old, None)

    assert [frame["event"] for frame in alone.push.to("tab")] == ["pong"]


def test_a_binary_frame_is_garbage(alone: Bundle, api: WebSocketApi) -> None:
    api(event("$default", "eyJhY3Rpb24iOiAicGluZyJ9", isBase64Encoded=True), None)

    assert alone.push.to("tab")[0]["event"] == "error"


@given(st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_nothing_that_anybody_sends_breaks_it(body: object) -> None:
    push = RecordingPush()

    api = build(InMemoryTables(), push, RecordingLog(), RecordingMetrics())
    answer = api(event("$default", body), None)

    assert answer == {"statusCode": 200}
    assert len(push.sent) == 1


# --- Reports -------------------------------------------------------------------------------------

ANSWER = a_ulid(7)


def report(**more: object) -> str:
    return json.dumps({"action": "report", "message_id": ANSWER, **more})


def messages_today(tables: InMemoryTables, count: int) -> None:
    tables.rows.used[(USER, "messages#2026-11-20")] = count


def test_how_a_wait_felt_becomes_figures(alone: Bundle, api: WebSocketApi) -> None:
    messages_today(alone.tables, 1)

    api(event("$default", report(placeholder_ms=54, preview_ms=5_000, picture_ms=6_000)), None)

    assert alone.metrics.of(Metric.FELT_PLACEHOLDER_TIME) == [54]
    assert alone.metrics.of(Metric.FELT_PREVIEW_TIME) == [5_000]
    assert alone.metrics.of(Metric.FELT_PICTURE_TIME) == [6_000]
    assert alone.log.subject == {"message_id": ANSWER}
    assert alone.push.sent == []


def test_what_did_not_come_is_no_figure(alone: Bundle, api: WebSocketApi) -> None:
    messages_today(alone.tables, 1)

    api(event("$default", report(placeholder_ms=54)), None)

    assert alone.metrics.counts("Felt") == {"FeltPlaceholderTime": 54}


def test_nobody_reports_more_often_than_they_asked(alone: Bundle, api: WebSocketApi) -> None:
    messages_today(alone.tables, 2)

    for _ in range(5):
        api(event("$default", report(placeholder_ms=1)), None)

    assert alone.metrics.counts("Felt", "Reports") == {
        "FeltPlaceholderTime": 2,
        "ReportsRefused": 3,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "garbage"},
        {"message_id": None},
        {"placeholder_ms": -1},
        {"placeholder_ms": 600_001},
        {"picture_ms": 1.5},
        {"picture_ms": "7"},
        {"preview_ms": True},
        {"preview_ms": 1e300},
        {"preview_ms": float("nan")},
    ],
)
def test_a_report_that_cannot_be_is_none(
    alone: Bundle, api: WebSocketApi, wrong: dict[str, object]
) -> None:
    messages_today(alone.tables, 1)

    api(event("$default", report(**{"placeholder_ms": 1, **wrong})), None)

    assert [frame["event"] for frame in alone.push.to("tab")] == ["error"]
    assert alone.metrics.counts("Felt", "Reports") == {}


# --- Figures of the way in -----------------------------------------------------------------------


def test_refused_and_broken_tickets_are_told_apart(
    alone: Bundle, api: WebSocketApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorize(api, {"ticket": "YWxpY2U=.forged"})

    assert alone.metrics.counts("Tickets", "Authorizer") == {"TicketsRefused": 1}

    def broken(*_: object) -> None:
        raise RuntimeError("the table is away")

    monkeypatch.setattr(Tickets, "spend", broken)
    with pytest.raises(RuntimeError, match="away"):
        authorize(api, {"ticket": "YWxpY2U=.forged"})

    assert alone.metrics.counts("Authorizer") == {"AuthorizerErrors": 1}


# --- Somebody begins to write ------------------------------------------------------------------


def test_who_types_is_warmed_and_nothing_answers(alone: Bundle) -> None:
    warmed: list[str] = []
    api = build(alone.tables, alone.push, alone.log, alone.metrics, warmed)

    assert api(event("$default", '{"action": "typing"}'), None) == {"statusCode": 200}

    assert (warmed, alone.push.sent) == ([USER], [])


# --- Somebody looks ----------------------------------------------------------------------------


def test_who_looks_is_known_by_connection_until_they_look_away(
    alone: Bundle, api: WebSocketApi
) -> None:
    alone.tables.register(USER, "tab", NOW)

    api(event("$default", '{"action": "visible", "value": true}'), None)
    assert alone.tables.read(USER).visible == {"tab": NOW}
    api(event("$default", '{"action": "visible", "value": false}'), None)
    assert alone.tables.read(USER).visible == {}
    assert alone.push.sent == []


@pytest.mark.parametrize("value", ['"true"', "1", "null", "[]"])
def test_what_is_neither_true_nor_false_is_not_understood(
    alone: Bundle, api: WebSocketApi, value: str
) -> None:
    alone.tables.register(USER, "tab", NOW)

    api(event("$default", f'{{"action": "visible", "value": {value}}}'), None)

    assert alone.tables.read(USER).visible == {}
    assert [frame["event"] for _, frame in alone.push.sent] == ["error"]
