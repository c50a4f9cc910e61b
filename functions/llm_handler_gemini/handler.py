"""Answers a message, or has a picture painted; tries an answer again.

The work is in `afterimage.use_cases.answer_message`.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from afterimage.invocation import end_of
from afterimage.wiring import llm_handler_gemini
from afterimage.wiring.authenticated import HttpFunction

logger = Logger()


@cache
def application() -> HttpFunction:
    return llm_handler_gemini.build(logger, os.environ)


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An event of the HTTP API in, its response out, both of payload format 2.0. Never raises.

    Or `{"warm": true}` of `websocket`'s, before there is a message.
    """
    if "warm" in event:
        application().get_ready(end_of(context))
        return {}
    response = application().until(end_of(context))(event, context)
    logger.info("llm_handler_done", extra={"status": response["statusCode"]})
    return response
