"""Events, responses, sign-in and picture addresses of the local stack, without a socket."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.local_stack.http_api.cors import preflight, with_cors
from tests.local_stack.http_api.events import HttpRequest, http_event
from tests.local_stack.http_api.responses import INTERNAL_ERROR, http_response
from tests.local_stack.http_api.routes import Router
from tests.local_stack.issuer.authorize import (
    AuthorizationRequest,
    BadRequestError,
    RedirectError,
)
from tests.local_stack.issuer.codes import Codes, Grant, InvalidGrantError, challenge_of
from tests.local_stack.lambda_runtime.invocation import Outcome
from tests.local_stack.template.serving import (
    AuthorizerSpec,
    CorsSettings,
    HttpRoute,
    WebSocketSpec,
)
from tests.local_stack.websocket import events
from tests.local_stack.websocket.authorizer import (
    RefusedError,
    authorized_context,
    require_identity,
)

NOW = datetime(2026, 11, 20, 10, 0, 0, 123_000, tzinfo=UTC)
ROUTER = Router(
    HttpRoute(method, path, path)
    for method, path in [
        ("ANY", "$default"),
        ("GET", "/{proxy+}"),
        ("GET", "/static/{proxy+}"),
        ("GET", "/chats/{chat_id}"),
        ("GET", "/chats/mine"),
        ("POST", "/chats/{chat_id}/messages"),
        ("GET", "/"),
    ]
)
SPEC = WebSocketSpec("api", "live", "$request.body.action", {"$connect": "f"}, None)
INFO = events.ConnectionInfo(
    "abc=", "127.0.0.1:8000", 1, (("User-Agent", "browser"),), "ticket=t&a=1&a=2"
)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/", "GET /", {}),
        ("GET", "/chats/mine", "GET /chats/mine", {}),
        ("GET", "/chats/c1", "GET /chats/{chat_id}", {"chat_id": "c1"}),
        ("GET", "/chats/c1/", "GET /{proxy+}", {"proxy": "chats/c1/"}),
        ("PUT", "/chats/c1", "$default", {}),
        ("GET", "/static/a/b.css", "GET /static/{proxy+}", {"proxy": "a/b.css"}),
        ("GET", "/static/", "GET /{proxy+}", {"proxy": "static/"}),
        ("HEAD", "/static/a", "$default", {}),
    ],
)
def test_routing(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    match = ROUTER.match(method, path)
    assert match is not None
    assert (match.route.key, match.path_parameters) == (key, parameters)


def test_http_event() -> None:
    match = ROUTER.match("POST", "/chats/c1/messages")
    assert match is not None
    headers = (("Content-Type", "application/json"), ("Host", "127.0.0.1:8000"), ("X", "1"))
    request = HttpRequest("POST", "/chats/c1/messages", "a=1", (*headers, ("x", "2")), b'{"a":1}')
    event = http_event(request, match, "api", NOW)
    assert event["headers"]["x"] == "1,2"
    assert (event["body"], event["isBase64Encoded"]) == ('{"a":1}', False)
    assert event["pathParameters"] == {"chat_id": "c1"}
    assert event["requestContext"]["time"] == "20/Nov/2026:10:00:00 +0000"
    assert event["requestContext"]["timeEpoch"] == 1_795_168_800_123
    assert "cookies" not in event


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"a": 1}, 200, b'{"a": 1}'),
        ("text", 200, b'"text"'),
        ({"statusCode": 404, "body": "gone"}, 404, b"gone"),
        ({"statusCode": "204"}, 204, b""),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, 200, b"\xff"),
        ({"statusCode": "many"}, 500, INTERNAL_ERROR.body),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, 500, INTERNAL_ERROR.body),
    ],
)
def test_http_response(result: Any, status: int, body: bytes) -> None:
    response = http_response(json.dumps(result).encode())
    assert (response.status, response.body) == (status, body)


def test_cors_replaces_what_a_function_says() -> None:
    cors = CorsSettings(("https://a.example",), ("GET",), ("authorization",), max_age=60)
    headers = {"origin": "https://a.example", "access-control-request-method": "GET"}
    answer = preflight(cors, "OPTIONS", headers)
    assert answer is not None
    assert ("access-control-max-age", "60") in answer.headers
    assert preflight(None, "OPTIONS", headers) is None
    own = http_response(b'{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"}}')
    replaced = with_cors(cors, own, headers)
    assert ("access-control-allow-origin", "https://a.example") in replaced.headers
    assert ("access-control-allow-origin", "*") not in replaced.headers


def test_websocket_events() -> None:
    connect = events.connect_event(SPEC, INFO)
    assert connect["queryStringParameters"] == {"ticket": "t", "a": "2"}
    assert connect["multiValueQueryStringParameters"]["a"] == ["1", "2"]
    assert connect["requestContext"]["eventType"] == "CONNECT"
    assert connect["requestContext"]["identity"]["userAgent"] == "browser"
    asked = events.authorizer_event(SPEC, INFO)
    assert asked["type"] == "REQUEST"
    assert asked["methodArn"].endswith(":api/live/$connect")
    message = events.message_event(SPEC, INFO, "$default", "hi")
    assert (message["body"], message["requestContext"]["routeKey"]) == ("hi", "$default")
    ended = events.disconnect_event(SPEC, INFO, 1001, "Going away")
    assert ended["requestContext"]["disconnectStatusCode"] == 1001
    assert "queryStringParameters" not in ended


@pytest.mark.parametrize(("query", "refused"), [("ticket=t", False), ("ticket=", True), ("", True)])
def test_missing_identity_source_is_401(query: str, refused: bool) -> None:
    authorizer = AuthorizerSpec("f", ("route.request.querystring.ticket",))
    info = events.ConnectionInfo("id", "host", 1, (), query)
    if not refused:
        require_identity(authorizer, info)
        return
    with pytest.raises(RefusedError) as error:
        require_identity(authorizer, info)
    assert error.value.status == 401


@pytest.mark.parametrize(
    ("answer", "failed", "status"),
    [
        ({"errorMessage": "Unauthorized"}, True, 401),
        ({"errorMessage": "anything"}, True, 500),
        ({"principalId": "a"}, False, 500),
        ({"effect": "Deny"}, False, 403),
        ({"effect": "Allow", "context": {"nested": {}}}, False, 500),
    ],
)
def test_authorizer_refusals(answer: dict[str, Any], failed: bool, status: int) -> None:
    if "effect" in answer:
        statement = {
            "Effect": answer.pop("effect"),
            "Action": "execute-api:Invoke",
            "Resource": "*",
        }
        answer |= {"principalId": "a", "policyDocument": {"Statement": [statement]}}
    with pytest.raises(RefusedError) as error:
        authorized_context(Outcome(json.dumps(answer).encode(), failed), "arn")
    assert error.value.status == status


def test_codes_are_used_once_within_a_minute() -> None:
    now = 0.0
    codes = Codes(lambda: now)
    grant = Grant("alice", "page", "http://127.0.0.1/", challenge_of("verifier"), None)
    code = codes.issue(grant)
    assert codes.redeem(code, "verifier", "page", "http://127.0.0.1/") == grant
    late = codes.issue(grant)
    for bad in [(code, "verifier"), (codes.issue(grant), "wrong"), ("unknown", "verifier")]:
        with pytest.raises(InvalidGrantError):
            codes.redeem(*bad, "page", "http://127.0.0.1/")
    now = 60.0
    with pytest.raises(InvalidGrantError):
        codes.redeem(late, "verifier", "page", "http://127.0.0.1/")


def test_challenge_is_rfc_7636s_example() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, None),
        ({"redirect_uri": "https://evil.example/"}, BadRequestError),
        ({"redirect_uri": "javascript:alert(1)"}, BadRequestError),
        ({"redirect_uri": "http://127.0.0.1@evil.example/"}, BadRequestError),
        ({"client_id": ""}, BadRequestError),
        ({"response_type": "token"}, RedirectError),
        ({"code_challenge_method": "plain"}, RedirectError),
        ({"code_challenge": "short"}, RedirectError),
    ],
)
def test_authorization_requests(changed: dict[str, str], error: type[Exception] | None) -> None:
    request = AuthorizationRequest(
        {
            "response_type": "code",
            "client_id": "page",
            "redirect_uri": "http://127.0.0.1:8000/",
            "code_challenge": challenge_of("verifier"),
            "code_challenge_method": "S256",
            "state": "s t",
            **changed,
        }
    )
    if error is None:
        request.check()
        assert request.answer(code="c") == "http://127.0.0.1:8000/?code=c&state=s+t"
        return
    with pytest.raises(error):
        request.check()
