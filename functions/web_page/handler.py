"""GET /: the chat page, its static files, its configuration and the API's descriptions."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from afterimage.http.web_page import WebPage
from afterimage.wiring import web_page

logger = Logger()


@cache
def application() -> WebPage:
    return web_page.build(logger, os.environ, Path(__file__).parent / "static")


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An event of the HTTP API in, its response out, both of payload format 2.0."""
    response = application()(event, context)
    logger.info("web_page_done", extra={"status": response["statusCode"]})
    return response
