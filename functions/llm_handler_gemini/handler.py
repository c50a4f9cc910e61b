"""POST /chats/{chat_id}/messages: answers a message, or starts a picture.

The work is in `afterimage.use_cases.answer_message`.
"""

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
    return wiring.llm_handler_gemini(logger, os.environ)


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    response: dict[str, Any] = application()(event, context, ends_at=end_of(context))
    logger.info("llm_handler_done", extra={"status": response["statusCode"]})
    return response
