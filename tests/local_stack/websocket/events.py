"""Events of the WebSocket API.

Pages "Set up a route using $connect, $disconnect, $default" ("Integration request") and "Create an
API Gateway Lambda authorizer" ("Input to a REQUEST Lambda authorizer") of the API Gateway guide.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.local_stack.names import ACCOUNT, PARTITION, REGION
from tests.local_stack.template.serving import WebSocketSpec


@dataclass
class ConnectionInfo:
    """What all events of one connection say.

    Attributes:
        connected_at: milliseconds since the epoch.
        authorizer: the authorizer's context with "principalId", strings only.
    """

    connection_id: str
    domain_name: str
    connected_at: int
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    source_ip: str = "127.0.0.1"
    authorizer: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_agent(self) -> str:
        """The browser, as it names itself."""
        return {name.lower(): value for name, value in self.headers}.get("user-agent", "")


def method_arn(spec: WebSocketSpec, route_key: str) -> str:
    """ARN of a route: what an authorizer's policy must allow."""
    return f"arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:{spec.api_id}/{spec.stage}/{route_key}"


def authorizer_event(spec: WebSocketSpec, info: ConnectionInfo) -> dict[str, Any]:
    """The event of the $connect route's REQUEST authorizer."""
    return {
        "type": "REQUEST",
        "methodArn": method_arn(spec, "$connect"),
        **_handshake(info),
        "stageVariables": {},
        "requestContext": _context(spec, info, "$connect", "CONNECT"),
    }


def connect_event(spec: WebSocketSpec, info: ConnectionInfo) -> dict[str, Any]:
    """The event of the $connect route."""
    return {
        **_handshake(info),
        "requestContext": _context(spec, info, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }


def message_event(
    spec: WebSocketSpec, info: ConnectionInfo, route_key: str, body: str
) -> dict[str, Any]:
    """The event of a message."""
    context = _context(spec, info, route_key, "MESSAGE")
    context["messageId"] = uuid.uuid4().hex[:15] + "="
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(
    spec: WebSocketSpec, info: ConnectionInfo, code: int, reason: str
) -> dict[str, Any]:
    """The event of the $disconnect route.

    Args:
        code: the close code; 1005 when the client gave none, 1006 when it vanished.
    """
    context = _context(spec, info, "$disconnect", "DISCONNECT")
    context["disconnectStatusCode"] = code
    context["disconnectReason"] = reason
    return {
        "headers": {"Host": info.domain_name, "x-api-key": "", "x-restapi": ""},
        "multiValueHeaders": {"Host": [info.domain_name], "x-api-key": [""], "x-restapi": [""]},
        "requestContext": context,
        "isBase64Encoded": False,
    }


def _handshake(info: ConnectionInfo) -> dict[str, Any]:
    multi_headers = _multi(info.headers)
    event: dict[str, Any] = {
        "headers": {name: values[-1] for name, values in multi_headers.items()},
        "multiValueHeaders": multi_headers,
    }
    multi_query = _multi(parse_qsl(info.query, keep_blank_values=True))
    if multi_query:
        event["queryStringParameters"] = {k: values[-1] for k, values in multi_query.items()}
        event["multiValueQueryStringParameters"] = multi_query
    return event


def _multi(pairs: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _context(
    spec: WebSocketSpec, info: ConnectionInfo, route_key: str, event_type: str
) -> dict[str, Any]:
    now = datetime.now(UTC)
    request_id = uuid.uuid4().hex[:15] + "="
    context: dict[str, Any] = {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestId": request_id,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "messageDirection": "IN",
        "stage": spec.stage,
        "connectedAt": info.connected_at,
        "identity": {"sourceIp": info.source_ip, "userAgent": info.user_agent},
        "domainName": info.domain_name,
        "connectionId": info.connection_id,
        "apiId": spec.api_id,
    }
    if info.authorizer:
        context["authorizer"] = dict(info.authorizer)
    return context
