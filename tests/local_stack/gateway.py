"""The one server in front of everything: which path belongs to which part."""

import contextlib
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.local_stack.cdn import Cdn
from tests.local_stack.edge.kept_errors import KeptErrors
from tests.local_stack.http_api.gateway import HttpApi
from tests.local_stack.names import WEBSOCKET_PATH
from tests.local_stack.websocket.gateway import WebSocketGateway
from tests.local_stack.websocket.protocol import MAX_MESSAGE_BYTES, LimitedFrames

# Workers keep their connection open while a handler runs, however long that takes.
_KEEP_ALIVE_SECONDS = 3600
_STOP_SECONDS = 1
# All of them, because the edge itself refuses what its behaviour does not allow.
_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]


def application(
    own_routes: Sequence[BaseRoute],
    http_api: HttpApi | None,
    websocket: WebSocketGateway | None,
    cdn: Cdn | None,
    errors: KeptErrors | None,
) -> ASGIApp:
    """The application: the stack's own routes first, then the edge, then the HTTP API.

    Args:
        errors: that the edge keeps of the HTTP API; None if there is no edge.
    """
    routes = list(own_routes)
    if websocket is not None:
        path = f"{WEBSOCKET_PATH}/{websocket.spec.stage}"
        routes.append(WebSocketRoute(path, websocket.serve))
    if cdn is not None:
        routes.append(Route(cdn.prefix + "{key:path}", cdn.handle, methods=_METHODS))
    app = Starlette(
        routes=routes,
        # A page of another site that resolves to this machine gets nothing.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
    app.router.redirect_slashes = False
    if http_api is not None:
        # Not a mount, which takes no path with a line break.
        app.router.default = _every_method(http_api, errors)
    return app


def _every_method(http_api: HttpApi, errors: KeptErrors | None) -> ASGIApp:
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        if errors is None:
            response = await http_api.handle(request)
        else:
            response = await errors.answer(request, http_api.handle)
        await response(scope, receive, send)

    return handle


class Server(uvicorn.Server):
    """uvicorn's server, leaving signals to the stack."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def server_for(app: ASGIApp) -> Server:
    """A server for the application."""
    config = uvicorn.Config(
        app,
        ws=LimitedFrames,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,  # API Gateway negotiates no compression
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    return Server(config)
