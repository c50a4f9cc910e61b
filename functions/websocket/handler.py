"""The unified channel: the authorizer, $connect, $disconnect and $default (resume, ping)."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage.invocation import end_of
from afterimage.measured import Measured
from afterimage.wiring import websocket

logger = Logger()


@cache
def application() -> Measured[[dict[str, Any], Any], dict[str, Any]]:
    return websocket.build(logger, os.environ)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REQUEST authorization in, a policy out; or a route's event in, `{"statusCode"}` out."""
    return application().until(end_of(context))(event, context)
