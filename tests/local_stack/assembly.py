"""Joins the parts of the gateway into one application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3

from tests.local_stack.cdn import Cdn
from tests.local_stack.dev_routes import DevRoutes
from tests.local_stack.edge.cache import EdgeCache
from tests.local_stack.edge.invalidations import Invalidations
from tests.local_stack.edge.kept_errors import KeptErrors
from tests.local_stack.emulator import admin_client
from tests.local_stack.gateway import Server, application, server_for
from tests.local_stack.http_api.gateway import TIMEOUT_SECONDS, HttpApi
from tests.local_stack.issuer.endpoints import IssuerEndpoints
from tests.local_stack.issuer.keys import signing_keys
from tests.local_stack.issuer.tokens import Issuer
from tests.local_stack.lambda_runtime.caller import Callers
from tests.local_stack.lambda_runtime.environment import (
    Addresses,
    RoleCredentials,
    worker_environment,
)
from tests.local_stack.lambda_runtime.function import Environment, Function
from tests.local_stack.lambda_runtime.invocation import Outcome
from tests.local_stack.lambda_runtime.invoke_api import invoke_routes
from tests.local_stack.lambda_runtime.runtime_api import runtime_routes
from tests.local_stack.lambda_runtime.service import LambdaService
from tests.local_stack.names import LAMBDA_PATH, REGION, URL_SUFFIX, WEBSOCKET_PATH
from tests.local_stack.options import Options
from tests.local_stack.push_service import PushService
from tests.local_stack.template.dynamic_references import with_secrets
from tests.local_stack.template.read_edge import EdgeSpec
from tests.local_stack.template.serving import FunctionSpec, Serving, WebSocketSpec
from tests.local_stack.websocket.gateway import IDLE_SECONDS, WebSocketGateway
from tests.local_stack.websocket.management import management_routes

Failed = Callable[[FunctionSpec, Outcome, Path], None]


@dataclass(frozen=True)
class Surroundings:
    """What the parts are given.

    Attributes:
        aws_models: what the functions' SDK reads of AWS.
        url: where the gateway listens, "http://127.0.0.1:8000".
        addresses: what /dev/status tells.
        issuer_url: the issuer's own name.
        audience: of access tokens.
        emulator: MiniStack's address.
        simulator: address of the Gemini simulator, None with the real Gemini.
        failed: told about every function error, with the function's log.
    """

    options: Options
    session: boto3.Session
    run_dir: Path
    aws_models: Path
    url: str
    addresses: Mapping[str, str]
    issuer_url: str
    audience: str
    emulator: str
    simulator: str | None
    failed: Failed


@dataclass(frozen=True)
class Parts:
    """The parts that have to be started or stopped."""

    service: LambdaService
    websocket: WebSocketGateway | None
    dev: DevRoutes
    server: Server


def assemble(serving: Serving, around: Surroundings) -> Parts:
    """Makes the parts for what the template serves."""
    credentials = RoleCredentials(admin_client(around.session, "sts", around.emulator))
    callers = Callers(credentials, {spec.role_arn: spec.statements for spec in serving.functions})
    functions = _functions(serving, around, credentials)
    options = around.options
    service = LambdaService(functions, options.delays, callers.role_may)
    keys = signing_keys(options.state_dir)
    issuer = Issuer(around.issuer_url, around.audience, keys)
    cors = serving.http_api.cors if serving.http_api else None
    dev = DevRoutes(issuer, service, dict(around.addresses), around.simulator, cors)
    websocket = _websocket(serving.websocket, service, options)
    own = [
        *runtime_routes(service.functions),
        *invoke_routes(service, callers),
        *(management_routes(websocket, callers) if websocket else []),
        *dev.routes(),
        *PushService(around.url).routes(),
        IssuerEndpoints(issuer).routes(),
    ]
    http_api = None
    if serving.http_api is not None:
        timeout = options.integration_timeout or TIMEOUT_SECONDS
        http_api = HttpApi(serving.http_api, service, timeout)
    errors = KeptErrors(serving.edge.error_seconds) if serving.edge else None
    app = application(own, http_api, websocket, _cdn(serving.edge, around), errors)
    return Parts(service, websocket, dev, server_for(app))


def _functions(
    serving: Serving, around: Surroundings, credentials: RoleCredentials
) -> list[Function]:
    options = around.options
    called = options.functions_gateway_endpoint or around.url
    addresses = Addresses(
        gateway=around.url.removeprefix("http://"),
        emulator=options.functions_aws_endpoint or around.emulator,
        invoke_api=called + LAMBDA_PATH,
        websocket_endpoints=_websocket_endpoints(serving.websocket, called),
    )
    return [_function(spec, around, addresses, credentials) for spec in serving.functions]


def _function(
    spec: FunctionSpec, around: Surroundings, addresses: Addresses, credentials: RoleCredentials
) -> Function:
    log = around.run_dir / f"{spec.short_name}.log"
    return Function(
        spec,
        _environment(spec, addresses, credentials, through_proxy=around.simulator is None),
        log,
        around.aws_models,
        lambda failed, outcome: around.failed(failed, outcome, log),
        around.options.concurrency,
    )


def _environment(
    spec: FunctionSpec,
    addresses: Addresses,
    credentials: RoleCredentials,
    *,
    through_proxy: bool,
) -> Environment:
    def environment(worker_id: str) -> tuple[dict[str, str], float]:
        keys, expires_at = credentials.of(spec.role_arn)
        variables = worker_environment(
            spec, worker_id, addresses, keys, through_proxy=through_proxy
        )
        return variables, expires_at

    return environment


def _websocket_endpoints(spec: WebSocketSpec | None, url: str) -> dict[str, str]:
    if spec is None:
        return {}
    cloud = f"https://{spec.api_id}.execute-api.{REGION}.{URL_SUFFIX}/{spec.stage}"
    return {cloud: f"{url}{WEBSOCKET_PATH}/{spec.stage}"}


def _websocket(
    spec: WebSocketSpec | None, service: LambdaService, options: Options
) -> WebSocketGateway | None:
    if spec is None:
        return None
    return WebSocketGateway(spec, service, idle=options.idle_timeout or IDLE_SECONDS)


def _cdn(edge: EdgeSpec | None, around: Surroundings) -> Cdn | None:
    if edge is None:
        return None
    # As by CloudFormation, secrets are read once, when the edge is set up.
    secrets = admin_client(around.session, "secretsmanager", around.emulator)
    code = with_secrets(edge.function, secrets)
    cloudfront = admin_client(around.session, "cloudfront", around.emulator)
    cache = EdgeCache(edge.tag_header, Invalidations(cloudfront, edge.distribution))
    return Cdn(edge, code, admin_client(around.session, "s3", around.emulator), cache)
