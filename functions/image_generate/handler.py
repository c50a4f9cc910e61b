"""One image job, invoked asynchronously. The work is in `afterimage.use_cases.create_image`."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage.invocation import end_of
from afterimage.measured import Measured
from afterimage.use_cases.create_image import Order
from afterimage.wiring import image_generate

logger = Logger()


@cache
def application() -> Measured[[Order], None]:
    return image_generate.build(logger, os.environ)


@logger.inject_lambda_context(correlation_id_path="correlation_id", clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """What `llm_handler_gemini` sends: `user_id`, `chat_id`, `message_id`, `job_id`, `attempt`."""
    order = Order(
        user_id=event["user_id"],
        chat_id=event["chat_id"],
        message_id=event["message_id"],
        job_id=event["job_id"],
        attempt=event["attempt"],
        request_id=context.aws_request_id,
        until=end_of(context),
    )
    logger.append_keys(message_id=order.message_id, job_id=order.job_id)
    logger.info("image_generate_started")
    application().until(order.until)(order)
