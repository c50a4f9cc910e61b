"""Takes in a picture that somebody brings. The work is in `afterimage.use_cases.upload_image`."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from afterimage.invocation import end_of
from afterimage.wiring import image_upload
from afterimage.wiring.authenticated import HttpFunction

logger = Logger()


@cache
def application() -> HttpFunction:
    return image_upload.build(logger, os.environ)


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An event of the HTTP API in, its response out, both of payload format 2.0. Never raises."""
    response = application().until(end_of(context))(event, context)
    logger.info("image_upload_done", extra={"status": response["statusCode"]})
    return response
