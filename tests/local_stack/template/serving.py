"""What the gateway serves, as typed values instead of a template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local_stack.template.read_edge import EdgeSpec

DEFAULT_RETRIES = 2
DEFAULT_EVENT_AGE = 21_600


@dataclass(frozen=True)
class AsyncSettings:
    """How asynchronous invocations of one alias or function are handled.

    Defaults: two retries, six hours ("How Lambda handles errors and retries with asynchronous
    invocation", AWS Lambda developer guide).
    """

    max_retries: int = DEFAULT_RETRIES
    max_age: float = DEFAULT_EVENT_AGE  # seconds
    on_failure: str | None = None  # ARN of a function


@dataclass(frozen=True)
class FunctionSpec:
    """One Lambda function."""

    logical_id: str
    name: str  # as on AWS: stack name and function
    arn: str
    handler: str  # "module.function"
    code_dir: Path
    layer_dirs: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout: float  # seconds
    memory: int  # MB
    role_arn: str
    statements: tuple[Mapping[str, Any], ...]  # of the role's policies
    reserved_concurrency: int | None = None
    async_settings: Mapping[str, AsyncSettings] = field(default_factory=dict)  # by qualifier
    qualifiers: frozenset[str] = frozenset()
    version: str = "1"  # that the alias calls

    @property
    def short_name(self) -> str:
        """Its folder's name: "image_generate"."""
        return self.code_dir.name

    def settings(self, qualifier: str | None) -> AsyncSettings:
        """Asynchronous settings of one alias; each alias has its own, or the defaults."""
        return self.async_settings.get(qualifier or "$LATEST", AsyncSettings())


@dataclass(frozen=True)
class HttpRoute:
    """One route of the HTTP API."""

    method: str  # "GET", …, or "ANY"
    path: str  # "/chats/{chat_id}/messages", "/static/{proxy+}" or "$default"
    function_arn: str

    @property
    def key(self) -> str:
        """The route key of events: "GET /chats" or "$default"."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class CorsSettings:
    """The CORS configuration of the HTTP API."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False


@dataclass(frozen=True)
class HttpApiSpec:
    """The HTTP API."""

    api_id: str
    routes: tuple[HttpRoute, ...]
    cors: CorsSettings | None


@dataclass(frozen=True)
class AuthorizerSpec:
    """The REQUEST authorizer of the WebSocket API's $connect route."""

    function_arn: str
    identity_sources: tuple[str, ...]  # "route.request.querystring.ticket"


@dataclass(frozen=True)
class WebSocketSpec:
    """The WebSocket API."""

    api_id: str
    stage: str
    selection: str  # route selection expression: "$request.body.action"
    routes: Mapping[str, str]  # route key to function ARN
    authorizer: AuthorizerSpec | None
    replying_routes: frozenset[str] = frozenset()  # those with a route response


@dataclass(frozen=True)
class ScheduleSpec:
    """One schedule that invokes a function."""

    name: str
    arn: str
    seconds: float
    function_arn: str
    payload: str | None  # JSON that replaces EventBridge's own event


@dataclass(frozen=True)
class Serving:
    """Everything that the gateway serves."""

    functions: tuple[FunctionSpec, ...]
    http_api: HttpApiSpec | None
    websocket: WebSocketSpec | None
    schedules: tuple[ScheduleSpec, ...]
    edge: EdgeSpec | None
