"""A browser asks before it calls from another origin, without a token: API Gateway answers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from tests.local_stack.http_api.gateway import HttpApi
from tests.local_stack.template.intrinsics import resolve
from tests.local_stack.template.read_apis import read_http_api
from tests.support.plain_template import of_kind, values

from afterimage.http.contract import ROUTES, Route

FRIEND = "https://friend.example"


class NobodyThere:
    """Functions that must not be called."""

    def begin(self, *called: object) -> None:
        raise AssertionError(f"called with {called}")


def api(origins: str) -> HttpApi:
    """The template's HTTP API with these AllowedOrigins."""
    given = {"AllowedOrigins": origins}
    known = values(**given)
    resources = resolve(of_kind("AWS::ApiGatewayV2::Api", **given), known)
    for resource in resources.values():
        resource["Id"] = "api"
    spec = read_http_api(resources)
    assert spec is not None
    return HttpApi(spec, NobodyThere())  # type: ignore[arg-type]


def asked(origins: str, path: str, method: str, origin: str = FRIEND) -> httpx.Response:
    """What a browser is answered that asks whether it may."""
    http_api = api(origins)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (await http_api.handle(Request(scope, receive)))(scope, receive, send)

    async def ask() -> httpx.Response:
        headers = {"origin": origin, "access-control-request-method": method}
        transport = httpx.ASGITransport(serve)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.options(path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_preflight_of_every_route_is_answered_without_a_function(route: Route) -> None:
    path = route.path.replace("{", "").replace("}", "").replace("+", "")

    answer = asked(FRIEND, path, route.method)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert route.method in answer.headers["access-control-allow-methods"].split(",")
    assert "authorization" in answer.headers["access-control-allow-headers"].split(",")


def test_a_strangers_preflight_allows_nothing() -> None:
    answer = asked(FRIEND, "/chats", "GET", "https://stranger.example")

    assert "access-control-allow-origin" not in answer.headers


def test_where_no_foreign_page_is_allowed_nobody_is_asked_for_a_token_either() -> None:
    assert asked("", "/chats", "GET").status_code == 404
