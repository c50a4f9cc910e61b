"""GET /: the chat page, its static files, its configuration and the API's descriptions."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from afterimage import wiring

logger = Logger()


@cache
def application() -> Any:
    return wiring.web_page(logger, os.environ, Path(__file__).parent / "static")


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    response: dict[str, Any] = application()(event, context)
    logger.info("web_page_done", extra={"status": response["statusCode"]})
    return response
