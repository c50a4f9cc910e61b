"""The management API of connections (Amazon API Gateway Management API reference)."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.local_stack.lambda_runtime.caller import Callers, aws_error
from tests.local_stack.names import ACCOUNT, PARTITION, REGION, WEBSOCKET_PATH
from tests.local_stack.websocket.connection import BufferFullError, Connection
from tests.local_stack.websocket.gateway import WebSocketGateway
from tests.local_stack.websocket.protocol import MAX_MESSAGE_BYTES


def management_routes(gateway: WebSocketGateway, callers: Callers) -> list[Route]:
    """POST, GET and DELETE of one connection."""
    api = ManagementApi(gateway, callers)
    path = f"{WEBSOCKET_PATH}/{gateway.spec.stage}/@connections/{{connection_id}}"
    return [Route(path, api.handle, methods=["POST", "GET", "DELETE"])]


class ManagementApi:
    """Acts on connections for callers that may."""

    def __init__(self, gateway: WebSocketGateway, callers: Callers) -> None:
        self._gateway = gateway
        self._callers = callers

    async def handle(self, request: Request) -> Response:
        """One request about one connection."""
        connection_id = request.path_params["connection_id"]
        refusal = self._refusal(request, connection_id)
        if refusal is not None:
            return refusal
        # GoneException, 410: also for a connection whose $connect has not returned yet.
        connection = self._gateway.connections.get(connection_id)
        if connection is None:
            return aws_error("GoneException", "The connection is gone", 410)
        if request.method == "POST":
            return _post(connection, await request.body())
        if request.method == "DELETE":
            connection.close(1000, "Connection Closed Normally")
            del self._gateway.connections[connection_id]
            return Response(status_code=204)
        return _described(connection)

    def _refusal(self, request: Request, connection_id: str) -> Response | None:
        # "Control access to an API with IAM permissions": @connections is a resource per method.
        spec = self._gateway.spec
        resource = f"{spec.api_id}/{spec.stage}/{request.method}/@connections/{connection_id}"
        arn = f"arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:{resource}"
        return self._callers.refusal(request, "execute-api:ManageConnections", arn)


def _post(connection: Connection, data: bytes) -> Response:
    # Data: "Length constraints: maximum length of 131072".
    if len(data) > MAX_MESSAGE_BYTES:
        return aws_error("PayloadTooLargeException", "Payload too large", 413)
    try:
        connection.post(data.decode(errors="replace"))
    except BufferFullError:
        return aws_error("LimitExceededException", "The client's buffer is full", 429)
    return Response(status_code=200)


def _described(connection: Connection) -> Response:
    info = connection.info
    return JSONResponse(
        {
            "connectedAt": _moment(info.connected_at / 1000),
            "lastActiveAt": _moment(connection.last_active_at),
            "identity": {"sourceIp": info.source_ip, "userAgent": info.user_agent},
        }
    )


def _moment(epoch: float) -> str:
    moment = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
