"""The HTTP API: a request in, one function invoked, a response out."""

import asyncio
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tests.local_stack.http_api.cors import preflight, with_cors
from tests.local_stack.http_api.events import HttpRequest, encode, http_event, joined
from tests.local_stack.http_api.responses import (
    INTERNAL_ERROR,
    NOT_FOUND,
    TOO_LARGE,
    TOO_LONG,
    UNAVAILABLE,
    HttpResponse,
    as_starlette,
    http_response,
)
from tests.local_stack.http_api.routes import Match, Router
from tests.local_stack.lambda_runtime.invocation import ThrottledError
from tests.local_stack.lambda_runtime.service import LambdaService
from tests.local_stack.template.serving import HttpApiSpec

# Page "Quotas for configuring and running an HTTP API in API Gateway": payload size 10 MB,
# integration timeout 30 seconds, neither can be raised.
MAX_BODY_BYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
# Lambda takes no larger event ("Lambda quotas", invocation payload); what API Gateway answers then
# has been seen, and is written nowhere. A file comes in base64, four bytes for three.
MAX_EVENT_BYTES = 6_291_556


class BodyTooLargeError(Exception):
    """The request's body is over the limit."""


class HttpApi:
    """Serves one HTTP API.

    Args:
        timeout: seconds until the client is answered, whatever the function does.
    """

    def __init__(
        self, spec: HttpApiSpec, service: LambdaService, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._spec = spec
        self._service = service
        self._router = Router(spec.routes)
        self._timeout = timeout

    async def handle(self, request: Request) -> Response:
        """Answers a request."""
        headers = joined(request.headers.items())
        match = self._router.match(request.method, request.scope["path"])
        if match is None:
            own = preflight(self._spec.cors, request.method, headers)
            return as_starlette(own or with_cors(self._spec.cors, NOT_FOUND, headers))
        answer = await self._answer(request, match)
        return as_starlette(with_cors(self._spec.cors, answer, headers))

    async def _answer(self, request: Request, match: Match) -> HttpResponse:
        try:
            body = await _limited_body(request)
        except BodyTooLargeError:
            return TOO_LARGE
        except ClientDisconnect:
            return INTERNAL_ERROR
        event = http_event(_http_request(request, body), match, self._spec.api_id, _now())
        payload = encode(event)
        if len(payload) > MAX_EVENT_BYTES:
            return TOO_LONG
        return await self._invoke(match.route.function_arn, payload)

    async def _invoke(self, function_arn: str, payload: bytes) -> HttpResponse:
        try:
            task = self._service.begin(function_arn, payload)
            async with asyncio.timeout(self._timeout):
                # The function goes on when API Gateway has given up on it.
                outcome = await asyncio.shield(task)
        except (ThrottledError, TimeoutError):
            return UNAVAILABLE
        return INTERNAL_ERROR if outcome.failed else http_response(outcome.payload)


def _now() -> datetime:
    return datetime.now(UTC)


async def _limited_body(request: Request) -> bytes:
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
    return bytes(body)


def _http_request(request: Request, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("latin-1"),
        headers=tuple(request.headers.items()),
        body=body,
        source_ip=request.client.host if request.client else "127.0.0.1",
    )
