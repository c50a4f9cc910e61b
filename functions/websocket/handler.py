"""The unified channel: the authorizer, $connect, $disconnect and $default (resume, ping)."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage import wiring
from afterimage.invocation import end_of

logger = Logger()


@cache
def application() -> Any:
    return wiring.websocket(logger, os.environ)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    response: dict[str, Any] = application()(event, context, ends_at=end_of(context))
    return response
