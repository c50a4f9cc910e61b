"""One CloudFront function, run as CloudFront would: its own text, an event in, a verdict out.

Pages of the Amazon CloudFront developer guide: "CloudFront Functions event structure",
"Restrictions on all edge functions", "Quotas on CloudFront Functions".
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quickjs

from tests.local_stack.edge.syntax import not_listed

MAX_CODE_BYTES = 10_240
_MAX_URI_CHARACTERS = 8_192
_MEMORY_BYTES = 2 * 1024 * 1024  # CloudFront's own limit, and what a function here may hold
_RUNTIME = Path(__file__).with_name("runtime.js")
_RESPONSE_FIELDS = frozenset({"statusCode", "statusDescription", "headers", "cookies", "body"})
_REQUEST_FIELDS = frozenset({"method", "uri", "querystring", "headers", "cookies"})


class FunctionFailed(Exception):
    """The function raised, or returned what CloudFront does not take; says which.

    Attributes:
        status: what CloudFront answers: 503 for an exception, 502 for a wrong result.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """The function answers itself."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Forward:
    """The request goes on, to cache and origin, as the function changed it."""

    uri: str


class EdgeFunction:
    """A function before the cache. Use it on the thread that made it.

    There is no limit of time here: the engine has none while it can call Python.

    Args:
        code: the function's text, every reference in it resolved.
        log: told what the function logs.

    Raises:
        ValueError: CloudFront would not take the code.
        FunctionFailed: the code cannot be loaded.
    """

    def __init__(self, code: str, log: Callable[[str], None]) -> None:
        if len(code.encode()) > MAX_CODE_BYTES:
            raise ValueError(f"the function is larger than {MAX_CODE_BYTES} bytes")
        if unlisted := not_listed(code):
            raise ValueError(f"CloudFront's runtime does not list {', '.join(unlisted)}")
        self._context = quickjs.Context()
        self._context.set_memory_limit(_MEMORY_BYTES)
        self._context.add_callable("__digest", _digest)
        self._context.add_callable("__log", log)
        self._run = self._context.eval(_RUNTIME.read_text("utf-8"))
        self._handler = self._loaded(code)

    def __call__(self, event: Mapping[str, Any], now: float) -> Answer | Forward:
        """Runs the handler on a viewer request.

        Args:
            event: as CloudFront passes it.
            now: epoch seconds.

        Raises:
            FunctionFailed: it has no answer.
        """
        try:
            # A float, because the engine's integers are of 32 bits.
            result = self._run(self._handler, json.dumps(event), float(int(now * 1000)))
        except quickjs.JSException as error:
            raise FunctionFailed(503, str(error)) from error
        return _verdict(json.loads(result), event["request"])

    def _loaded(self, code: str) -> Any:
        try:
            return self._context.eval(f'"use strict";{code}\n;handler')
        except quickjs.JSException as error:
            raise FunctionFailed(503, str(error)) from error


def _digest(algorithm: str, key: str | None, text: str, encoding: str) -> str:
    data = text.encode("utf-8", "replace")
    if key is None:
        digest = hashlib.new(algorithm, data).digest()
    else:
        digest = hmac.digest(key.encode("utf-8", "replace"), data, algorithm)
    if encoding == "hex":
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _verdict(result: Any, request: Mapping[str, Any]) -> Answer | Forward:
    if not isinstance(result, dict):
        raise FunctionFailed(502, "the function returned neither a request nor a response")
    return _answer(result) if "statusCode" in result else _forward(result, request)


def _answer(result: Mapping[str, Any]) -> Answer:
    status = result["statusCode"]
    _check(set(result) <= _RESPONSE_FIELDS, "an unknown field in the response")
    _check(type(status) is int and 100 <= status < 600, "statusCode is no status")
    _check(not result.get("cookies"), "cookies are not provided here")
    body = result.get("body", "")
    _check(isinstance(body, str), "only a text is provided here as a body")
    return Answer(status, _headers(result.get("headers", {})), body)


def _forward(result: Mapping[str, Any], request: Mapping[str, Any]) -> Forward:
    _check(set(result) == _REQUEST_FIELDS, "a field is missing from the request or unknown")
    uri = result["uri"]
    _check(result["method"] == request["method"], "the method cannot be changed")
    _check(isinstance(uri, str) and uri.startswith("/"), "the uri must begin with a slash")
    _check(len(uri) < _MAX_URI_CHARACTERS, "the uri is too long")
    # The cache's key and the bucket know neither; so anything else would be a mistake here.
    _check(result["querystring"] == {}, "a query string is not provided here")
    _check(result["headers"] == request["headers"], "changed headers are not provided here")
    return Forward(uri)


def _headers(headers: Any) -> dict[str, str]:
    _check(isinstance(headers, dict), "headers must be an object")
    for name, field in headers.items():
        _check(name == name.lower(), "a header's name must be in lower case")
        single = isinstance(field, dict) and set(field) == {"value"}
        _check(single and isinstance(field["value"], str), "a header needs one value, a text")
    return {name: field["value"] for name, field in headers.items()}


def _check(right: bool, otherwise: str) -> None:
    if not right:
        raise FunctionFailed(502, otherwise)
