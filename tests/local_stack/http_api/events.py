"""Requests as events of payload format 2.0.

Page "Create AWS Lambda proxy integrations for HTTP APIs", section "Lambda function input format".
"""

import base64
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.local_stack.http_api.routes import Match
from tests.local_stack.names import ACCOUNT

# Bodies of other types arrive base64-encoded.
_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")
_MORE_TEXT = ("+json", "+xml", "x-www-form-urlencoded")


@dataclass(frozen=True)
class HttpRequest:
    """What the gateway knows of a request.

    Attributes:
        path: percent-decoded, as rawPath is.
        query: as in the URL, without "?".
        headers: name and value, in order.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"


def http_event(request: HttpRequest, match: Match, api_id: str, now: datetime) -> dict[str, Any]:
    """The event for the route's function.

    Args:
        now: time of the request, in UTC.
    """
    headers = joined(request.headers)
    cookies = [c.strip() for c in headers.pop("cookie", "").split(";") if c.strip()]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, match, headers, api_id, now),
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    parameters = joined(parse_qsl(request.query, keep_blank_values=True), lower=False)
    if parameters:
        event["queryStringParameters"] = parameters
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers)
    return event


def joined(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    """ "Duplicate headers are combined with commas", and so are duplicate query strings."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower() if lower else name
        separator = "; " if key == "cookie" and lower else ","
        found[key] = f"{found[key]}{separator}{value}" if key in found else value
    return found


def _body(body: bytes, headers: dict[str, str]) -> tuple[str, bool]:
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    textual = content_type.startswith(_TEXT_TYPES) or content_type.endswith(_MORE_TEXT)
    if textual:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _context(
    request: HttpRequest, match: Match, headers: dict[str, str], api_id: str, now: datetime
) -> dict[str, Any]:
    host = headers.get("host", "")
    return {
        "accountId": ACCOUNT,
        "apiId": api_id,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": match.route.key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def encode(event: dict[str, Any]) -> bytes:
    """The event as a function's payload."""
    return json.dumps(event, ensure_ascii=False).encode()
