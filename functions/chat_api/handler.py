"""Everything read or renamed over HTTP, WebSocket tickets, missed events; 404 for the rest."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from afterimage import wiring
from afterimage.invocation import end_of

logger = Logger()


@cache
def application() -> Any:
    return wiring.chat_api(logger, os.environ)


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    response: dict[str, Any] = application()(event, context, ends_at=end_of(context))
    logger.info(
        "chat_api_done",
        extra={"route": event.get("routeKey"), "status": response["statusCode"]},
    )
    return response
