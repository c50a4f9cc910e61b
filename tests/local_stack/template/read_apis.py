"""Reads the two APIs and the schedules out of the resolved template."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.local_stack.template.intrinsics import listed
from tests.local_stack.template.read_functions import Resources, of_type
from tests.local_stack.template.serving import (
    AuthorizerSpec,
    CorsSettings,
    HttpApiSpec,
    HttpRoute,
    ScheduleSpec,
    WebSocketSpec,
)

_ANY_METHOD = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_FUNCTION_OF_URI = re.compile(r"/functions/(.+)/invocations$")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


def read_http_api(resources: Resources) -> HttpApiSpec | None:
    """The HTTP API from the OpenAPI document that SAM makes of it."""
    for name, api in of_type(resources, "AWS::ApiGatewayV2::Api"):
        if "Body" in api:
            return HttpApiSpec(
                api_id=resources[name]["Id"],
                routes=tuple(_routes(api["Body"])),
                cors=_cors(api["Body"].get("x-amazon-apigateway-cors")),
            )
    return None


def _routes(body: Mapping[str, Any]) -> Iterator[HttpRoute]:
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and _INTEGRATION in operation:
                arn = _function_of(operation[_INTEGRATION]["uri"])
                yield HttpRoute("ANY" if method == _ANY_METHOD else method.upper(), path, arn)


def _function_of(uri: str) -> str:
    match = _FUNCTION_OF_URI.search(uri)
    if match is None:
        raise ValueError(f"not the address of a function: {uri}")
    return match.group(1)


def _cors(document: Mapping[str, Any] | None) -> CorsSettings | None:
    if not document:
        return None
    return CorsSettings(
        origins=listed(document.get("allowOrigins")),
        methods=listed(document.get("allowMethods")),
        headers=listed(document.get("allowHeaders")),
        exposed=listed(document.get("exposeHeaders")),
        max_age=document.get("maxAge"),
        credentials=bool(document.get("allowCredentials")),
    )


def read_websocket(resources: Resources) -> WebSocketSpec | None:
    """The WebSocket API with its routes, stage and authorizer."""
    for name, api in of_type(resources, "AWS::ApiGatewayV2::Api"):
        if api.get("ProtocolType") == "WEBSOCKET":
            return _websocket(resources[name]["Id"], api, resources)
    return None


def _websocket(api_id: str, api: Mapping[str, Any], resources: Resources) -> WebSocketSpec:
    def own(kind: str) -> list[tuple[str, dict[str, Any]]]:
        found = of_type(resources, f"AWS::ApiGatewayV2::{kind}")
        return [(name, item) for name, item in found if item["ApiId"] == api_id]

    integrations = {name: _function_of(item["IntegrationUri"]) for name, item in own("Integration")}
    routes = dict(own("Route"))
    replies = {item["RouteId"] for _, item in own("RouteResponse")}
    return WebSocketSpec(
        api_id=api_id,
        stage=own("Stage")[0][1]["StageName"],
        selection=api["RouteSelectionExpression"],
        routes={
            route["RouteKey"]: integrations[route["Target"].split("/")[-1]]
            for route in routes.values()
        },
        authorizer=_authorizer(routes, dict(own("Authorizer"))),
        replying_routes=frozenset(
            route["RouteKey"] for name, route in routes.items() if name in replies
        ),
    )


def _authorizer(routes: Mapping[str, Any], authorizers: Mapping[str, Any]) -> AuthorizerSpec | None:
    for route in routes.values():
        if route["RouteKey"] == "$connect" and route.get("AuthorizationType") == "CUSTOM":
            authorizer = authorizers[route["AuthorizerId"]]
            return AuthorizerSpec(
                function_arn=_function_of(authorizer["AuthorizerUri"]),
                identity_sources=tuple(authorizer.get("IdentitySource", [])),
            )
    return None


def read_schedules(resources: Resources) -> tuple[ScheduleSpec, ...]:
    """Schedules of both kinds: rules of EventBridge and those of EventBridge Scheduler."""
    found = []
    for name, rule in of_type(resources, "AWS::Events::Rule"):
        if "ScheduleExpression" in rule and rule.get("State") != "DISABLED":
            found += [_schedule(name, rule, target, resources) for target in rule["Targets"]]
    for name, schedule in of_type(resources, "AWS::Scheduler::Schedule"):
        if schedule.get("State") != "DISABLED":
            found.append(_schedule(name, schedule, schedule["Target"], resources))
    return tuple(found)


def _schedule(
    name: str, schedule: Mapping[str, Any], target: Mapping[str, Any], resources: Resources
) -> ScheduleSpec:
    payload = target.get("Input")
    return ScheduleSpec(
        name=name,
        arn=resources[name]["Arn"],
        seconds=_period(schedule["ScheduleExpression"]),
        function_arn=target["Arn"],
        payload=payload if payload is None or isinstance(payload, str) else json.dumps(payload),
    )


def _period(expression: str) -> float:
    """Seconds of "rate(1 minute)"; EventBridge knows minutes, hours and days."""
    match = _RATE.fullmatch(expression)
    if match is None:
        raise ValueError(f"the local stack runs rate() schedules only, not {expression}")
    return float(int(match.group(1)) * _SECONDS[match.group(2)])
