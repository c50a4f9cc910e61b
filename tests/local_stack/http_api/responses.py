"""What a function returned, as an HTTP response.

Page "Create AWS Lambda proxy integrations for HTTP APIs", section "Lambda function response
format": a result with a statusCode is a response; any other JSON is the body of a 200.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

# Set by the server itself from the body that is sent.
_OWN_HEADERS = frozenset({"content-length", "connection", "transfer-encoding"})


@dataclass(frozen=True)
class HttpResponse:
    """A response before CORS headers are added."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, text: str) -> HttpResponse:
    """An answer that API Gateway makes itself: {"message": …}."""
    body = json.dumps({"message": text}).encode()
    return HttpResponse(status, (("content-type", "application/json"),), body)


INTERNAL_ERROR = message(500, "Internal Server Error")
UNAVAILABLE = message(503, "Service Unavailable")
NOT_FOUND = message(404, "Not Found")
TOO_LARGE = message(413, "Request Entity Too Large")
TOO_LONG = message(413, "Request Too Long")


def http_response(payload: bytes) -> HttpResponse:
    """The response for a function's result; a malformed one is an internal error."""
    try:
        result = json.loads(payload)
        if not isinstance(result, dict) or "statusCode" not in result:
            return HttpResponse(200, (("content-type", "application/json"),), payload)
        return _formatted(result)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return INTERNAL_ERROR


def _formatted(result: dict[str, Any]) -> HttpResponse:
    headers = [
        (name.lower(), _text(value))
        for name, value in (result.get("headers") or {}).items()
        if name.lower() not in _OWN_HEADERS
    ]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or []]
    # "content-type": a response with a body and without one gets text/plain.
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return HttpResponse(int(result["statusCode"]), tuple(headers), _body(result))


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if result.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_starlette(response: HttpResponse) -> Response:
    """The response for the server, headers in their order and number."""
    sent = Response(response.body, response.status)
    sent.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    ]
    if response.status not in (204, 304) and response.status >= 200:
        sent.raw_headers.append((b"content-length", str(len(response.body)).encode()))
    return sent
