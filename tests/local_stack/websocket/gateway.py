"""The WebSocket API: handshake, routes and the end of every connection."""

import asyncio
import base64
import contextlib
import json
import os
import time
import uuid
from collections.abc import Coroutine
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.local_stack.lambda_runtime.invocation import Outcome, ThrottledError
from tests.local_stack.lambda_runtime.service import LambdaService
from tests.local_stack.template.serving import WebSocketSpec
from tests.local_stack.websocket import events
from tests.local_stack.websocket.authorizer import (
    RefusedError,
    authorized_context,
    require_identity,
)
from tests.local_stack.websocket.connection import BufferFullError, Connection

# Page "Quotas for configuring and running a WebSocket API in API Gateway".
IDLE_SECONDS = 600.0
LONGEST_SECONDS = 7200.0
_INTEGRATION_SECONDS = 29.0
_CLOSE_SECONDS = 1.0
# "API Gateway … rejects" binary frames "and disconnects the client with code 1003" (page "Binary
# media types for WebSocket APIs").
_UNSUPPORTED_DATA = 1003


class WebSocketGateway:
    """Serves one WebSocket API and holds its connections by id."""

    def __init__(
        self,
        spec: WebSocketSpec,
        service: LambdaService,
        *,
        idle: float = IDLE_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self.spec = spec
        self.connections: dict[str, Connection] = {}
        self._service = service
        self._idle = idle
        self._longest = longest
        self._serving: set[asyncio.Task[Any]] = set()

    async def serve(self, socket: WebSocket) -> None:
        """One connection from its handshake to its $disconnect."""
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        info = _info(socket)
        try:
            await self._handshake(info)
        except RefusedError as refused:
            body = json.dumps({"message": _REASONS.get(refused.status, "Forbidden")})
            await socket.send_denial_response(
                Response(body, refused.status, media_type="application/json")
            )
            return
        await self._accepted(socket, Connection(info))

    async def stop(self, seconds: float) -> None:
        """Closes every connection and waits until each $disconnect ran."""
        for connection in list(self.connections.values()):
            connection.close(1001, "Going away")
        if self._serving:
            await asyncio.wait(self._serving, timeout=seconds)

    async def _handshake(self, info: events.ConnectionInfo) -> None:
        spec = self.spec
        if spec.authorizer is not None:
            require_identity(spec.authorizer, info)
            event = events.authorizer_event(spec, info)
            outcome = await self._call(spec.authorizer.function_arn, event)
            arn = events.method_arn(spec, "$connect")
            info.authorizer = authorized_context(outcome, arn)
        if "$connect" in spec.routes:
            outcome = await self._call(spec.routes["$connect"], events.connect_event(spec, info))
            status = _status(outcome)
            # "If the integration … returns a response other than 200, the connection is refused."
            if not 200 <= status < 300:
                raise RefusedError(status)

    async def _call(self, function_arn: str, event: dict[str, Any]) -> Outcome:
        try:
            return await self._invoke(function_arn, event)
        except (ThrottledError, TimeoutError) as error:
            raise RefusedError(500) from error

    async def _accepted(self, socket: WebSocket, connection: Connection) -> None:
        connection_id = connection.info.connection_id
        self.connections[connection_id] = connection
        try:
            await socket.accept()
            await self._until_closed(socket, connection)
        finally:
            self.connections.pop(connection_id, None)
            await asyncio.shield(asyncio.ensure_future(self._disconnected(connection)))

    async def _until_closed(self, socket: WebSocket, connection: Connection) -> None:
        messages: set[asyncio.Task[None]] = set()
        work: list[Coroutine[Any, Any, None]] = [
            self._receive(socket, connection, messages),
            _send(socket, connection),
            connection.watch_limits(self._idle, self._longest),
        ]
        tasks = [asyncio.create_task(coroutine) for coroutine in work]
        await connection.closed()
        if connection.close_code not in (1005, 1006) and not tasks[0].done():
            await connection.flush(_CLOSE_SECONDS)
            with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await socket.close(connection.close_code, connection.close_reason)
        for task in (*tasks, *messages):
            task.cancel()
        await asyncio.gather(*tasks, *messages, return_exceptions=True)

    async def _receive(
        self, socket: WebSocket, connection: Connection, messages: set[asyncio.Task[None]]
    ) -> None:
        while True:
            frame = await socket.receive()
            if frame["type"] == "websocket.disconnect":
                connection.close(frame.get("code", 1006), frame.get("reason") or "")
                return
            connection.received()
            if frame.get("text") is None:
                connection.close(_UNSUPPORTED_DATA, "Binary frames are not supported")
                await asyncio.Event().wait()
            # API Gateway does not wait for one message's integration before the next.
            task = asyncio.create_task(self._message(connection, frame["text"]))
            messages.add(task)
            task.add_done_callback(messages.discard)

    async def _message(self, connection: Connection, body: str) -> None:
        key = _route_key(self.spec, body)
        if key is None:
            _tell(connection, "Forbidden")
            return
        event = events.message_event(self.spec, connection.info, key, body)
        try:
            outcome = await self._invoke(self.spec.routes[key], event)
        except (ThrottledError, TimeoutError):
            _tell(connection, "Internal server error")
            return
        if outcome.failed:
            _tell(connection, "Internal server error")
        elif key in self.spec.replying_routes:
            # Without a route response nothing of the answer is sent ("Set up a route response").
            _reply(connection, outcome)

    async def _disconnected(self, connection: Connection) -> None:
        function_arn = self.spec.routes.get("$disconnect")
        if function_arn is None:
            return
        event = events.disconnect_event(
            self.spec, connection.info, connection.close_code, connection.close_reason
        )
        with contextlib.suppress(ThrottledError, TimeoutError):
            await self._invoke(function_arn, event)

    async def _invoke(self, function_arn: str, event: dict[str, Any]) -> Outcome:
        task = self._service.begin(function_arn, json.dumps(event).encode())
        async with asyncio.timeout(_INTEGRATION_SECONDS):
            return await asyncio.shield(task)


_REASONS = {401: "Unauthorized", 500: "Internal server error"}


async def _send(socket: WebSocket, connection: Connection) -> None:
    while True:
        text = await connection.next_message()
        try:
            await socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            connection.close(1006, "")
            return
        finally:
            connection.sent(text)


def _info(socket: WebSocket) -> events.ConnectionInfo:
    return events.ConnectionInfo(
        # As API Gateway's: 16 characters, the last one "=".
        connection_id=base64.urlsafe_b64encode(os.urandom(11)).decode(),
        domain_name=socket.headers.get("host", ""),
        connected_at=int(time.time() * 1000),
        headers=tuple(socket.headers.items()),
        query=socket.scope["query_string"].decode("latin-1"),
        source_ip=socket.client.host if socket.client else "127.0.0.1",
    )


def _status(outcome: Outcome) -> int:
    if outcome.failed:
        return 500
    result = json.loads(outcome.payload)
    return int(result.get("statusCode", 200)) if isinstance(result, dict) else 500


def _route_key(spec: WebSocketSpec, body: str) -> str | None:
    """The route that the selection expression "$request.body.a.b" finds, or $default.

    "If … the message is non-JSON … API Gateway uses the $default route" ("Route selection
    expressions").
    """
    try:
        value: Any = json.loads(body)
        for name in spec.selection.removeprefix("$request.body.").split("."):
            value = value[name]
    except (ValueError, KeyError, TypeError):
        value = None
    if isinstance(value, str) and value in spec.routes and not value.startswith("$"):
        return value
    return "$default" if "$default" in spec.routes else None


def _tell(connection: Connection, text: str) -> None:
    frame = {
        "message": text,
        "connectionId": connection.info.connection_id,
        "requestId": uuid.uuid4().hex[:15] + "=",
    }
    with contextlib.suppress(BufferFullError):
        connection.post(json.dumps(frame))


def _reply(connection: Connection, outcome: Outcome) -> None:
    result = json.loads(outcome.payload)
    body = result.get("body") if isinstance(result, dict) else None
    if isinstance(body, str):
        with contextlib.suppress(BufferFullError):
            connection.post(body)
