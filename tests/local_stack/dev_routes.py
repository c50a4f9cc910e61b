"""What only the local stack has: tokens for the asking, its state, and the simulator's settings."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.local_stack.http_api.cors import origin_headers, preflight
from tests.local_stack.http_api.responses import NOT_FOUND, as_starlette
from tests.local_stack.issuer.tokens import BadUserNameError, Issuer
from tests.local_stack.lambda_runtime.service import LambdaService
from tests.local_stack.template.serving import CorsSettings


class DevRoutes:
    """The routes under /dev.

    Args:
        addresses: what /dev/status says of them.
        simulator: address of the Gemini simulator, None when the real Gemini is used.
        cors: of the HTTP API: whose pages may ask for a token.
    """

    def __init__(
        self,
        issuer: Issuer,
        service: LambdaService,
        addresses: dict[str, str],
        simulator: str | None,
        cors: CorsSettings | None,
    ) -> None:
        self._issuer = issuer
        self._service = service
        self._addresses = addresses
        self._simulator = simulator
        self._cors = cors
        # A connection that is kept may be closed by the simulator just when it is used again.
        unkept = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(trust_env=False, timeout=10, limits=unkept)

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/dev/token", self._token_for_pages, methods=["POST", "OPTIONS"]),
            Route("/dev/status", self._status),
            Route("/dev/functions", self._functions),
            Route("/dev/gemini", self._gemini, methods=["GET", "PUT"]),
        ]

    async def stop(self) -> None:
        """Closes connections to the simulator."""
        await self._client.aclose()

    async def _token_for_pages(self, request: Request) -> Response:
        """As a route of the HTTP API answers pages of other origins."""
        if request.method == "OPTIONS":
            asked = preflight(self._cors, request.method, request.headers)
            return as_starlette(asked or NOT_FOUND)
        response = await self._token(request)
        if self._cors is not None:
            response.headers.update(dict(origin_headers(self._cors, request.headers)))
        return response

    async def _token(self, request: Request) -> Response:
        try:
            given = await request.json()
            token = self._issuer.access_token(given["user"], **given.get("claims", {}))
        except (ValueError, KeyError, TypeError, BadUserNameError):
            wanted = 'send {"user": name}, a name of 1 to 64 letters, digits, or one of _ . @ -'
            return _error(422, "invalid", wanted)
        return JSONResponse({"access_token": token})

    async def _status(self, _: Request) -> Response:
        return JSONResponse({**self._addresses, "invocations": invocations(self._service)})

    async def _functions(self, _: Request) -> Response:
        """Each function's name and its variables from the template, by its folder."""
        specs = [function.spec for function in self._service.functions.values()]
        return JSONResponse(
            {
                spec.short_name: {"name": spec.name, "environment": dict(spec.environment)}
                for spec in specs
            }
        )

    async def _gemini(self, request: Request) -> Response:
        if self._simulator is None:
            return _error(409, "real_gemini", "GEMINI_API_KEY is set: there is no simulator.")
        answer = await self._client.request(
            request.method,
            f"{self._simulator}/dev/gemini",
            content=await request.body(),
            headers={"content-type": "application/json"},
        )
        return Response(answer.content, answer.status_code, media_type="application/json")


def invocations(service: LambdaService) -> list[dict[str, Any]]:
    """What runs at this moment, oldest first."""
    running = [
        (invocation.started_at, function.spec.short_name, invocation)
        for function in service.functions.values()
        for invocation in function.running
        if invocation.started_at is not None
    ]
    return [
        {
            "function": name,
            "request_id": invocation.request_id,
            "pid": invocation.pid,
            "started_at": _moment(started_at),
        }
        for started_at, name, invocation in sorted(running, key=lambda item: item[0])
    ]


def _moment(epoch: float) -> str:
    moment = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _error(status: int, code: str, message: str) -> Response:
    body = {"error": {"code": code, "message": message, "retry_after": None}}
    return Response(json.dumps(body), status, media_type="application/json")
