"""The recorded events: one for every way into the bundle, in the shape AWS gives it."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode, urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from tests.local_stack.http_api.events import HttpRequest, http_event
from tests.local_stack.http_api.routes import Match
from tests.local_stack.lambda_runtime.failure_record import failure_record
from tests.local_stack.lambda_runtime.invocation import Invocation, Outcome
from tests.local_stack.lambda_runtime.schedules import scheduled_event
from tests.local_stack.template.serving import HttpRoute, ScheduleSpec
from tests.support.builders import a_job
from tests.support.doubles import RecordingLog
from tests.support.routes import HEADS, OTHERWISE
from tests.support.template import http_routes, of_type, template

from afterimage.adapters.lambdas import LambdaDeletionStarter, LambdaPainter
from afterimage.domain import ids
from afterimage.domain.deletions import Deletion, kind_and_subject
from afterimage.domain.stock import StockJob
from afterimage.http import routes
from afterimage.http.routes import ROUTES

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"

Event = dict[str, Any]

EVENTS: dict[str, Event] = {
    path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events").glob("*.json"))
}
HTTP = {name: event for name, event in EVENTS.items() if event.get("version") == "2.0"}
WEBSOCKET = {
    name: event
    for name, event in EVENTS.items()
    if "eventType" in event.get("requestContext", {}) and "type" not in event
}
# Beside the event of the route's own name, one of another life that begins there.
OTHER_BODIES = {"paint_message": "post_message"}
AUTHORIZERS = {name: event for name, event in EVENTS.items() if event.get("type") == "REQUEST"}
JOBS = {name: event for name, event in EVENTS.items() if "job_id" in event}
RECORDS = {name: event for name, event in EVENTS.items() if "requestPayload" in event}
SCHEDULED = {name: event for name, event in EVENTS.items() if "detail-type" in event}
DELETIONS = {name: event for name, event in EVENTS.items() if "deletion" in event}
PUSHES = {name: event for name, event in EVENTS.items() if "push" in event}
STOCK = {name: event for name, event in EVENTS.items() if "stock" in event}
WARMS = {name: event for name, event in EVENTS.items() if "warm" in event}

HANDSHAKE = {
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "requestContext",
}
CONTEXT = {
    "routeKey",
    "eventType",
    "extendedRequestId",
    "requestTime",
    "messageDirection",
    "stage",
    "connectedAt",
    "requestTimeEpoch",
    "identity",
    "requestId",
    "domainName",
    "connectionId",
    "apiId",
}


def websocket_api() -> Event:
    return of_type("AWS::Serverless::WebSocketApi")["WebSocketApi"]


def function_of_alias(reference: Event) -> str:
    name: str = reference["Ref"].removesuffix(".Alias")
    return name


def function_of(event: Event) -> str:
    """Logical id of the function that the template gives this event to."""
    if event in HTTP.values():
        return http_routes()[event["routeKey"]]
    if event in AUTHORIZERS.values():
        return function_of_alias(websocket_api()["Auth"]["AuthArn"])
    if event in WEBSOCKET.values():
        route = websocket_api()["Routes"][event["requestContext"]["routeKey"]]
        return function_of_alias(route["FunctionArn"])
    if event in RECORDS.values():
        return function_of_alias(on_failure())
    if event in DELETIONS.values() or event in PUSHES.values():
        variables = of_type("AWS::Serverless::Function")["ChatApiFunction"]["Environment"]
        return function_of_alias(variables["Variables"]["KEEPER_FUNCTION"])
    if event in SCHEDULED.values():
        return next(name for name, schedule in schedules() if schedule)
    return "ImageGenerateFunction"


def on_failure() -> Event:
    """Where the record of a picture's failed invocation goes."""
    settings = of_type("AWS::Serverless::Function")["ImageGenerateFunction"]["EventInvokeConfig"]
    destination: Event = settings["DestinationConfig"]["OnFailure"]["Destination"]
    return destination


def schedules() -> list[tuple[str, list[Event]]]:
    """Rules by which each function is run."""
    return [
        (name, [e for e in properties.get("Events", {}).values() if e["Type"] == "Schedule"])
        for name, properties in of_type("AWS::Serverless::Function").items()
    ]


# --- Complete: nothing without an event, no event without a use -------------------------------


def test_every_event_is_of_a_known_kind() -> None:
    ours = {*JOBS, *STOCK, *RECORDS, *SCHEDULED, *DELETIONS, *PUSHES, *WARMS}
    assert {*HTTP, *WEBSOCKET, *AUTHORIZERS, *ours} == set(EVENTS)


def test_every_http_route_of_the_template_has_exactly_one_event() -> None:
    # HEAD has GET's event, and one stands for all that no route takes.
    ours = set(http_routes()) - {*HEADS, *OTHERWISE[1:]}
    first = [event["routeKey"] for name, event in HTTP.items() if name not in OTHER_BODIES]
    assert sorted(first) == sorted(ours)


def test_every_websocket_route_of_the_template_has_an_event() -> None:
    recorded = {event["requestContext"]["routeKey"] for event in WEBSOCKET.values()}

    assert recorded == set(websocket_api()["Routes"])


def test_the_authorizer_has_an_event() -> None:
    assert websocket_api()["Auth"]["AuthType"] == "CUSTOM"
    assert set(AUTHORIZERS) == {"authorize"}


def test_every_function_has_an_event() -> None:
    assert {function_of(event) for event in EVENTS.values()} == set(
        of_type("AWS::Serverless::Function")
    )


@pytest.mark.parametrize("name", HTTP)
def test_an_http_event_has_its_routes_name(name: str) -> None:
    route = OTHER_BODIES.get(name, name).upper()
    key = OTHERWISE[0] if name == "otherwise" else getattr(routes, route).key

    assert HTTP[name]["routeKey"] == key


def body_of(event: Event) -> bytes:
    """As the client sent it."""
    body = event.get("body", "")
    return b64decode(body) if event["isBase64Encoded"] else body.encode()


# --- HTTP API: payload format 2.0 --------------------------------------------------------------


@pytest.mark.parametrize("name", HTTP)
def test_the_local_gateway_makes_the_same_event_of_the_same_request(name: str) -> None:
    event = HTTP[name]
    context = event["requestContext"]
    method, _, path = event["routeKey"].rpartition(" ")
    request = HttpRequest(
        method=context["http"]["method"],
        path=event["rawPath"],
        query=event["rawQueryString"],
        headers=tuple(event["headers"].items()),
        body=body_of(event),
        source_ip=context["http"]["sourceIp"],
    )
    match = Match(HttpRoute(method, path, "arn"), event.get("pathParameters", {}))

    made = http_event(
        request, match, context["apiId"], datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC)
    )

    assert made["requestContext"].keys() == context.keys()
    made["requestContext"] |= {"requestId": context["requestId"], "accountId": ACCOUNT}
    assert made == event


@pytest.mark.parametrize("name", HTTP)
def test_path_query_and_length_agree_with_each_other(name: str) -> None:
    event = HTTP[name]
    path = event["routeKey"].rpartition(" ")[2]
    for variable, value in event.get("pathParameters", {}).items():
        path = re.sub(rf"{{{variable}\+?}}", value, path)

    assert event["rawPath"] == event["requestContext"]["http"]["path"]
    assert path in (event["rawPath"], "$default")
    assert dict(parse_qsl(event["rawQueryString"])) == event.get("queryStringParameters", {})
    assert event["headers"]["content-length"] == str(len(body_of(event)))
    assert all(header == header.lower() for header in event["headers"])


@pytest.mark.parametrize("name", [name for name in HTTP if name != "otherwise"])
def test_the_routes_models_accept_what_the_event_brings(name: str) -> None:
    event = HTTP[name]
    route = next(route for route in ROUTES if event["routeKey"] == route.key)

    assert bool(route.body or route.file) == ("body" in event)
    if route.body is not None:
        route.body.model_validate_json(event["body"])
    if route.file:
        assert event["headers"]["content-type"] in route.file
    if route.parameters is not None:
        route.parameters.model_validate(event["pathParameters"])
    if route.query is not None:
        route.query.model_validate(event["queryStringParameters"])
    else:
        assert "queryStringParameters" not in event


@pytest.mark.parametrize("name", HTTP)
def test_a_private_route_carries_a_placeholder_of_a_token_and_a_public_one_none(name: str) -> None:
    event = HTTP[name]
    route = next((route for route in ROUTES if route.key == event["routeKey"]), None)
    if route is not None and route.public:
        assert "authorization" not in event["headers"]
        return
    scheme, token = event["headers"]["authorization"].split()

    assert scheme == "Bearer"
    assert jwt.get_unverified_header(token) == {
        "alg": "ES256",
        "kid": "replace-me",
        "typ": "JWT",
    }


# --- WebSocket API -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*WEBSOCKET, *AUTHORIZERS])
def test_a_websocket_event_has_every_field_of_its_kind(name: str) -> None:
    event = EVENTS[name]
    kinds: dict[str, tuple[set[str], set[str]]] = {
        "authorize": (HANDSHAKE | {"type", "methodArn", "stageVariables"}, CONTEXT),
        "connect": (HANDSHAKE | {"isBase64Encoded"}, CONTEXT | {"authorizer"}),
        "disconnect": (
            {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"},
            CONTEXT | {"authorizer", "disconnectStatusCode", "disconnectReason"},
        ),
    }
    message = (
        {"requestContext", "body", "isBase64Encoded"},
        CONTEXT | {"authorizer", "messageId"},
    )
    fields, context = kinds.get(name, message)

    assert event.keys() == fields
    assert event["requestContext"].keys() == context


@pytest.mark.parametrize(
    ("name", "route_key", "event_type"),
    [
        ("authorize", "$connect", "CONNECT"),
        ("connect", "$connect", "CONNECT"),
        ("resume", "$default", "MESSAGE"),
        ("ping", "$default", "MESSAGE"),
        ("disconnect", "$disconnect", "DISCONNECT"),
    ],
)
def test_the_websocket_events_are_steps_of_one_connection(
    name: str, route_key: str, event_type: str
) -> None:
    connect = EVENTS["connect"]["requestContext"]
    context = EVENTS[name]["requestContext"]

    assert (context["routeKey"], context["eventType"]) == (route_key, event_type)
    assert context["stage"] == websocket_api()["StageName"]
    for same in ("connectionId", "apiId", "domainName", "connectedAt", "identity"):
        assert context[same] == connect[same]
    if "authorizer" in context:
        assert context["authorizer"] == connect["authorizer"]


def test_the_authorizer_is_asked_about_this_connection() -> None:
    event = EVENTS["authorize"]
    context = event["requestContext"]
    encoded_user, token_end, _ = event["queryStringParameters"]["ticket"].split(".")
    sources = websocket_api()["Auth"]["IdentitySource"]

    assert event["methodArn"] == (
        f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:{context['apiId']}/live/$connect"
    )
    assert sources == ["route.request.querystring.ticket"]
    assert event["queryStringParameters"] == EVENTS["connect"]["queryStringParameters"]
    authorizer = EVENTS["connect"]["requestContext"]["authorizer"]
    assert urlsafe_b64decode(encoded_user).decode() == authorizer["principalId"]
    assert token_end == authorizer["token_ends_at"]


@pytest.mark.parametrize(
    ("name", "frame"),
    [("resume", {"action": "resume", "after": 40}), ("ping", {"action": "ping"})],
)
def test_a_message_event_carries_its_frame(name: str, frame: Event) -> None:
    assert json.loads(EVENTS[name]["body"]) == frame


# --- Jobs --------------------------------------------------------------------------------------


class Lambda:
    """A client that only one function is asked for by, without waiting."""

    def __init__(self, function: str) -> None:
        self.function = function
        self.sent: list[Event] = []

    def invoke(self, **asked: Any) -> None:
        assert (asked["FunctionName"], asked["InvocationType"]) == (self.function, "Event")
        self.sent.append(json.loads(asked["Payload"]))


def test_a_job_is_asked_for_as_the_starter_asks() -> None:
    client = Lambda("image_generate")
    event = EVENTS["image_generate"]
    starter = LambdaPainter(lambda: client, "image_generate", lambda: event["correlation_id"])

    job = a_job(
        id=event["job_id"],
        chat_id=event["chat_id"],
        message_id=event["message_id"],
        attempt=event["attempt"],
    )
    starter.start(event["user_id"], job)

    assert client.sent == [event]


def test_a_picture_of_nobody_is_asked_for_as_the_starter_asks() -> None:
    client = Lambda("image_generate")
    event = EVENTS["image_generate_stock"]
    starter = LambdaPainter(lambda: client, "image_generate", lambda: event["correlation_id"])
    now = datetime(2026, 11, 21, tzinfo=UTC)
    which = event["stock"]["suggestion"], event["stock"]["picture"]
    starter.start_stock(StockJob(*which, "sample", "a fox", "1:1", "2026-11-21", now, now))

    assert client.sent == [event]
    assert EVENTS["keeper_record_stock"]["requestPayload"] == event


def test_a_deletion_is_what_chat_api_sends() -> None:
    client = Lambda("keeper")
    event = EVENTS["keeper_deletion"]
    kind, subject = kind_and_subject(event["deletion"]["name"])
    log = RecordingLog()
    starter = LambdaDeletionStarter(lambda: client, "keeper", lambda: event["correlation_id"], log)

    now = datetime(2026, 11, 21, tzinfo=UTC)
    starter.start(event["deletion"]["user_id"], Deletion.now(kind, subject, now))

    assert client.sent == [event]
    assert function_of(event) == "KeeperFunction"


def test_the_job_belongs_to_the_message_of_the_events() -> None:
    path = EVENTS["get_message"]["pathParameters"]
    job_id = ids.job_id(path["chat_id"], path["message_id"], 1)

    assert EVENTS["image_generate"]["job_id"] == job_id


# --- What the keeper is given ------------------------------------------------------------------


def test_the_keeper_has_an_event_of_each_kind() -> None:
    assert set(RECORDS) == {"keeper_record", "keeper_record_stock"}
    assert set(SCHEDULED) == {"keeper_sweep"}
    assert function_of(EVENTS["keeper_record"]) == "KeeperFunction"
    assert [name for name, rules in schedules() if rules] == ["KeeperFunction"]


def test_a_record_is_what_the_local_stack_would_send_of_the_job() -> None:
    event = EVENTS["keeper_record"]
    context = event["requestContext"]

    async def timed_out() -> Outcome:
        invocation = Invocation(b"{}", context["functionArn"], context["requestId"])
        invocation.time_out(float(template()["Parameters"]["ImageTimeout"]["Default"]))
        return await invocation.outcome

    made = failure_record(
        request_id=context["requestId"],
        function_arn=context["functionArn"],
        condition="RetriesExhausted",
        attempts=1,
        payload=json.dumps(EVENTS["image_generate"]).encode(),
        outcome=asyncio.run(timed_out()),
        now=datetime.fromisoformat(event["timestamp"]),
    )

    assert made == event
    assert context["functionArn"] == (
        f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:afterimage-image_generate:live"
    )


def test_a_sweep_is_what_the_local_stack_would_send() -> None:
    event = EVENTS["keeper_sweep"]
    now = datetime.fromisoformat(event["time"])
    rule = ScheduleSpec("Sweep", event["resources"][0], 60, "arn", None)

    made = json.loads(scheduled_event(rule, now))

    assert made.keys() == event.keys()
    assert {**made, "id": event["id"], "account": ACCOUNT} == event
