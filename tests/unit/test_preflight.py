"""A browser asks before it calls from another origin, without a token: API Gateway answers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.local_stack.dev_routes import DevRoutes
from tests.local_stack.http_api.gateway import HttpApi
from tests.local_stack.template.intrinsics import resolve
from tests.local_stack.template.read_apis import read_http_api
from tests.local_stack.template.serving import HttpApiSpec
from tests.support.plain_template import of_kind, values

from afterimage.http.routes import ROUTES, Route

FRIEND = "https://friend.example"


class NobodyThere:
    """Functions that must not be called."""

    def begin(self, *called: object) -> None:
        raise AssertionError(f"called with {called}")


class AnyName:
    """An issuer."""

    def access_token(self, user: str) -> str:
        return f"token of {user}"


def spec_with(origins: str) -> HttpApiSpec:
    """The template's HTTP API with these AllowedOrigins."""
    given = {"AllowedOrigins": origins}
    known = values(**given)
    resources = resolve(of_kind("AWS::ApiGatewayV2::Api", **given), known)
    for resource in resources.values():
        resource["Id"] = "api"
    spec = read_http_api(resources)
    assert spec is not None
    return spec


def api(origins: str) -> ASGIApp:
    http_api = HttpApi(spec_with(origins), NobodyThere())  # type: ignore[arg-type]

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (await http_api.handle(Request(scope, receive)))(scope, receive, send)

    return serve


def dev(origins: str) -> ASGIApp:
    """What the local stack has beside it."""
    cors = spec_with(origins).cors
    routes = DevRoutes(AnyName(), NobodyThere(), {}, None, cors)  # type: ignore[arg-type]
    return Starlette(routes=routes.routes())


def send(app: ASGIApp, method: str, path: str, **sent: Any) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, **sent)

    return asyncio.run(call())


def asked(app: ASGIApp, path: str, method: str, origin: str = FRIEND) -> httpx.Response:
    """What a browser is answered that asks whether it may."""
    headers = {"origin": origin, "access-control-request-method": method}
    return send(app, "OPTIONS", path, headers=headers)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_preflight_of_every_route_is_answered_without_a_function(route: Route) -> None:
    path = route.path.replace("{", "").replace("}", "").replace("+", "")

    answer = asked(api(FRIEND), path, route.method)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert route.method in answer.headers["access-control-allow-methods"].split(",")
    assert "authorization" in answer.headers["access-control-allow-headers"].split(",")


def test_a_strangers_preflight_allows_nothing() -> None:
    answer = asked(api(FRIEND), "/chats", "GET", "https://stranger.example")

    assert "access-control-allow-origin" not in answer.headers


def test_a_token_for_the_asking_is_asked_for_as_a_route_of_the_api() -> None:
    answer = asked(dev(FRIEND), "/dev/token", "POST")

    assert answer.status_code == 204
    assert answer.headers == asked(api(FRIEND), "/chats", "POST").headers
    stranger = asked(dev(FRIEND), "/dev/token", "POST", "https://stranger.example")
    assert "access-control-allow-origin" not in stranger.headers
    assert asked(dev(""), "/dev/token", "POST").status_code == 404


@pytest.mark.parametrize(("origin", "reader"), [(FRIEND, FRIEND), ("https://a.test", None)])
def test_a_token_for_the_asking_is_read_by_allowed_origins(origin: str, reader: str | None) -> None:
    headers = {"origin": origin}
    answer = send(dev(FRIEND), "POST", "/dev/token", json={"user": "al"}, headers=headers)

    assert answer.json() == {"access_token": "token of al"}
    assert answer.headers.get("access-control-allow-origin") == reader


def test_where_no_foreign_page_is_allowed_nobody_is_asked_for_a_token_either() -> None:
    assert asked(api(""), "/chats", "GET").status_code == 404
