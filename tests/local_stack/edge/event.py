"""The event of a viewer request ("CloudFront Functions event structure").

Values are passed on as they came, percent-encoding and all ("URI and query string encoding").
"""

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

Field = dict[str, Any]  # {"value": …} and, of a name that came more than once, "multiValue"


def viewer_request(request: Request, distribution: str) -> dict[str, Any]:
    """The event for a request.

    Args:
        distribution: its domain name.
    """
    raw = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    headers = [(name, value) for name, value in request.headers.items() if name != "cookie"]
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution,
            "distributionId": "LOCAL",
            "eventType": "viewer-request",
            "requestId": uuid.uuid4().hex,
        },
        "viewer": {"ip": request.client.host if request.client else "127.0.0.1"},
        "request": {
            "method": request.method,
            "uri": raw,
            "querystring": fields(query_pairs(query)),
            "headers": fields(headers),
            "cookies": fields(request.cookies.items()),
        },
    }


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string, not decoded, in order."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(name, value) for name, _, value in parts]


def fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Field]:
    """One field a name; of several values the first stands in `value`, all in `multiValue`."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: _field(found) for name, found in values.items()}


def _field(values: list[str]) -> Field:
    field: Field = {"value": values[0]}
    if len(values) > 1:
        field["multiValue"] = [{"value": value} for value in values]
    return field
