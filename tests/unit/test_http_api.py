"""The way in from API Gateway: who asks, what they ask, and one envelope of errors."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from tests.support.builders import a_caller, a_ulid
from tests.support.doubles import NOW, FixedClock, RecordingLog, RecordingMetrics

from afterimage.domain.callers import Caller
from afterimage.domain.errors import Busy, ClockSkew, MessageLimit, Refused, Unauthorized
from afterimage.http import routes, taken
from afterimage.http.api import Handler, HttpApi, Request, Response

SECRETIVE = "<script>alert('what was sent')</script>"


@dataclass
class Context:
    """The one method of Lambda's context that is used."""

    left_ms: int = 25_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class Api:
    """An `HttpApi` with one handler behind POST_MESSAGE, and what was asked of it."""

    def __init__(self, log: RecordingLog) -> None:
        self.log = log
        self.requests: list[Request] = []
        self.handler: Handler = lambda _: Response({"fine": "ü"}, 202)
        self.metrics = RecordingMetrics()
        handlers = {routes.POST_MESSAGE: self._handle}
        self._api = HttpApi(handlers, self._caller_of, FixedClock(), log, self.metrics)

    def _handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.handler(request)

    def _caller_of(self, authorization: str | None) -> Caller:
        if authorization != "Bearer good":
            raise Unauthorized(f"no: {authorization}")
        return a_caller("alice")

    def __call__(self, **event: Any) -> tuple[int, Any]:
        whole = {
            "routeKey": routes.POST_MESSAGE.key,
            "headers": {"authorization": "Bearer good"},
            **event,
        }
        answer = self._api(whole, Context())
        assert answer["headers"] == {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return answer["statusCode"], json.loads(answer["body"])

    def validates(self, **event: Any) -> tuple[int, Any]:
        """Asks a handler that reads everything there is."""

        def read(request: Request) -> Response:
            path = request.parameters(taken.ChatPath)
            body = request.body(taken.PostMessage)
            return Response({"chat": path.chat_id, "text": body.text})

        self.handler = read
        return self(**{"pathParameters": {"chat_id": "chat-1"}, **event})


@pytest.fixture
def api(log: RecordingLog) -> Api:
    return Api(log)


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body) == {"error"}
    assert {"code", "message", "retry_after"} <= set(body["error"])
    return status, body["error"]["code"]


def test_a_request_reaches_its_handler(api: Api) -> None:
    assert api() == (202, {"fine": "ü"})
    (request,) = api.requests
    assert (request.user_id, request.until) == ("alice", NOW + timedelta(seconds=25))


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_a_header_is_found_however_its_name_is_written(api: Api, name: str) -> None:
    """API Gateway writes it in lower case, `sam local start-api` as it came."""
    assert api(headers={name: "Bearer good"})[0] == 202


@pytest.mark.parametrize("headers", [None, {}, {"authorization": "Bearer bad"}])
def test_without_a_valid_token_nothing_is_reached(api: Api, headers: Any) -> None:
    status, body = api(headers=headers)

    assert (status, body) == (
        401,
        {"error": {"code": "unauthorized", "message": "Sign in to continue.", "retry_after": None}},
    )
    assert api.requests == []


@pytest.mark.parametrize("route", ["$default", "GET /nothing", "", None])
def test_an_unknown_route_is_404_with_a_token_and_without(api: Api, route: Any) -> None:
    assert code(api(routeKey=route)) == (404, "not_found")
    assert code(api(routeKey=route, headers={})) == (404, "not_found")


def test_a_refusal_carries_code_sentence_wait_and_more(api: Api) -> None:
    api.handler = Mock(side_effect=MessageLimit("internal detail", retry_after=60))

    assert api() == (
        429,
        {
            "error": {
                "code": "message_limit",
                "message": "You have reached today's limit of messages.",
                "retry_after": 60,
            }
        },
    )


def test_clock_skew_tells_the_servers_time(api: Api) -> None:
    api.handler = Mock(side_effect=ClockSkew(server_time=datetime(2026, 11, 20, 10, tzinfo=UTC)))

    assert api()[1]["error"]["server_time"] == "2026-11-20T10:00:00.000Z"


@pytest.mark.parametrize("refused", Refused.__subclasses__(), ids=lambda kind: kind.code)
def test_every_refusal_has_its_status_and_no_detail(api: Api, refused: type[Refused]) -> None:
    api.handler = Mock(side_effect=refused("a detail for the log"))

    answer = api()

    assert code(answer) == (refused.status, refused.code)
    assert "detail" not in str(answer)
    assert "a detail for the log" in api.log.text()


def test_a_defect_is_told_without_a_word_of_it(api: Api) -> None:
    api.handler = Mock(side_effect=RuntimeError("the stack, a secret"))

    answer = api()

    assert code(answer) == (500, "internal")
    assert "secret" not in str(answer)
    assert "the stack, a secret" in api.log.text()


def test_keys_that_cannot_be_fetched_are_503(log: RecordingLog) -> None:
    busy = Mock(side_effect=Busy("the issuer is away"))
    api = HttpApi(
        {routes.GET_USAGE: lambda _: Response(None)}, busy, FixedClock(), log, RecordingMetrics()
    )
    answer = api({"routeKey": "GET /usage"}, Context())

    assert answer["statusCode"] == 503


def test_an_answer_without_a_body_is_private_too(log: RecordingLog) -> None:
    handlers = {routes.DELETE_CHAT: lambda _: Response(None, 204)}
    api = HttpApi(handlers, lambda _: a_caller("alice"), FixedClock(), log, RecordingMetrics())

    answer = api({"routeKey": routes.DELETE_CHAT.key}, Context())

    assert answer == {
        "statusCode": 204,
        "headers": {"cache-control": "no-store", "x-content-type-options": "nosniff"},
    }


def test_a_valid_body_is_read(api: Api) -> None:
    assert api.validates(body='{"text": "ü"}') == (200, {"chat": "chat-1", "text": "ü"})


def test_a_base64_body_is_read(api: Api) -> None:
    body = b64encode('{"text": "ü"}'.encode()).decode()

    assert api.validates(body=body, isBase64Encoded=True) == (
        200,
        {"chat": "chat-1", "text": "ü"},
    )


BAD_BODIES = {
    "none": None,
    "empty": "",
    "no json": SECRETIVE,
    "cut": '{"text": "',
    "a list": "[1]",
    "a text": '"text"',
    "null": "null",
    "a number": "1",
    "nan": '{"text": NaN}',
    "two": '{"text": "a"} {"text": "b"}',
    "deep": "[" * 60_000,
    "deep inside": '{"text": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "no text": "{}",
    "empty text": '{"text": ""}',
    "blank text": '{"text": " \\n\\t "}',
    "long text": '{"text": "' + "x" * 8_001 + '"}',
    "text is a list": '{"text": ["a"]}',
    "text is a number": '{"text": 1}',
    "half a surrogate": '{"text": "\\ud83e"}',
    "raw surrogate": '{"text": "\ud83e"}',
    "bad id": '{"text": "a", "id": "' + SECRETIVE.replace("'", "") + '"}',
    "lower-case id": '{"text": "a", "id": "' + a_ulid().lower() + '"}',
    "id with newline": '{"text": "a", "id": "' + a_ulid() + '\\n"}',
    "bad ratio": '{"text": "a", "aspect_ratio": "' + SECRETIVE.replace("'", "") + '"}',
    "unknown field": '{"text": "a", "' + SECRETIVE.replace("'", "") + '": 1}',
    "too large": '{"text": "a"' + " " * 128 * 1024 + "}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_refused_and_not_repeated(api: Api, body: str | None) -> None:
    answer = api.validates(body=body)

    assert code(answer) == (400, "invalid")
    assert "script" not in str(answer)
    assert len(str(answer)) < 500


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text": " "}, "text: must not be blank"),
        ({"text": "\u200b\ufeff\u3164\u2800"}, "text: must not be blank"),
        ({"text": "\u200d", "paint": True, "image_ids": [a_ulid()]}, "text: must not be blank"),
        ({"text": "a", "image_ids": [a_ulid()] * 2}, "image_ids: names one twice"),
        ({"text": "x" * 2_001, "paint": True}, "a prompt has at most 2,000 characters"),
    ],
)
def test_what_our_own_checks_find_is_a_sentence(api: Api, body: dict[str, Any], said: str) -> None:
    _, answer = api.validates(body=json.dumps(body))

    assert answer["error"]["message"] == f"The request is not valid: {said}."


@pytest.mark.parametrize(
    "body",
    [
        b64encode(b'{"text": "\xff\xfe"}').decode(),
        b64encode(b"\x89PNG\r\n").decode(),
        "this is no base64!",
        "ü",
        "A",
    ],
)
def test_a_bad_base64_body_is_refused(api: Api, body: str) -> None:
    assert code(api.validates(body=body, isBase64Encoded=True)) == (400, "invalid")


def test_the_largest_body_that_makes_sense_is_read(api: Api) -> None:
    """8,000 characters outside the basic plane, escaped."""
    text = "🦊" * 8_000

    assert api.validates(body=json.dumps({"text": text}))[1]["text"] == text


@pytest.mark.parametrize("chat", ["a b", "x" * 65, "", "a/b", "ü", "a\n", SECRETIVE])
def test_a_bad_chat_id_is_refused_and_not_repeated(api: Api, chat: str) -> None:
    answer = api.validates(pathParameters={"chat_id": chat}, body='{"text": "a"}')

    assert code(answer) == (400, "invalid")
    assert "script" not in str(answer)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"limit": "1e2"},
        {"limit": "9" * 5_000},
        {"cursor": ""},
        {"cursor": "x" * 129},
        {"cursor": SECRETIVE},
        {SECRETIVE: "1"},
        {"around": "x"},
    ],
)
def test_a_bad_query_is_refused_and_not_repeated(api: Api, query: dict[str, str]) -> None:
    api.handler = lambda request: Response(str(request.query(taken.MessagesQuery)))

    answer = api(queryStringParameters=query)

    assert code(answer) == (400, "invalid")
    assert "script" not in str(answer)


def test_a_query_has_defaults(api: Api) -> None:
    def read(request: Request) -> Response:
        query = request.query(taken.MessagesQuery)
        return Response([query.limit, query.cursor, query.around])

    api.handler = read

    assert api()[1] == [50, None, None]
    assert api(queryStringParameters={"limit": "7", "around": a_ulid()})[1] == [7, None, a_ulid()]


@pytest.mark.parametrize("after", ["-1", "x", str(2**53 + 1), "1.5", ""])
def test_a_bad_seq_is_refused(api: Api, after: str) -> None:
    api.handler = lambda request: Response(request.query(taken.EventsQuery).after)

    assert code(api(queryStringParameters={"after": after})) == (400, "invalid")
    assert api(queryStringParameters={"after": "41"}) == (200, 41)


@pytest.mark.parametrize(
    ("title", "kept"), [("  a title ", "a title"), ("x" * 200, "x" * 200), ("🦊", "🦊")]
)
def test_a_title_is_trimmed(api: Api, title: str, kept: str) -> None:
    api.handler = lambda request: Response(request.body(taken.ChatEdit).title)

    assert api(body=json.dumps({"title": title})) == (200, kept)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, None, 1])
def test_a_bad_title_is_refused(api: Api, title: object) -> None:
    api.handler = lambda request: Response(request.body(taken.ChatEdit).title)

    assert code(api(body=json.dumps({"title": title}))) == (400, "invalid")


@pytest.mark.parametrize("version", ["3", "3.0", "3e0"])
def test_a_whole_number_is_written_as_one_likes(api: Api, version: str) -> None:
    api.handler = lambda request: Response(request.body(taken.MessageVersion).version)

    assert api(body=f'{{"version": {version}}}') == (200, 3)


@pytest.mark.parametrize("version", ["0", "3.5", '"3"', "true", "null", "1e400", "NaN", str(2**60)])
def test_what_is_no_version_is_refused(api: Api, version: str) -> None:
    api.handler = lambda request: Response(request.body(taken.MessageVersion).version)

    assert code(api(body=f'{{"version": {version}}}')) == (400, "invalid")


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "Application/JSON ; charset=utf-8"]
)
def test_json_may_be_said_to_be_json(api: Api, content_type: str | None) -> None:
    headers = {"authorization": "Bearer good"} | (
        {"content-type": content_type} if content_type else {}
    )

    assert api.validates(headers=headers, body='{"text": "hello"}')[0] == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "json"]
)
def test_what_is_said_to_be_something_else_is_refused(api: Api, content_type: str) -> None:
    headers = {"authorization": "Bearer good", "content-type": content_type}

    assert code(api.validates(headers=headers, body='{"text": "hello"}')) == (400, "invalid")
