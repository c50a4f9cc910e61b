"""One picture, invoked asynchronously: somebody's, or one for the stock.

The work is in `afterimage.use_cases.create_image` and `afterimage.use_cases.paint_stock`.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage.invocation import end_of
from afterimage.use_cases.create_image import Order
from afterimage.use_cases.paint_stock import StockOrder
from afterimage.wiring import image_generate

JOB = ("user_id", "chat_id", "message_id", "job_id", "attempt")
logger = Logger()


@cache
def application() -> image_generate.Painter:
    return image_generate.build(logger, os.environ)


@logger.inject_lambda_context(correlation_id_path="correlation_id", clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """A job, from who orders or starts it; or the keeper's `{"stock": {"picture"}}`."""
    request_id, until = context.aws_request_id, end_of(context)
    if "warm" in event:  # by `websocket`, before there is a job
        return application().picture.get_ready(until)
    if stock := event.get("stock"):
        logger.append_keys(picture=stock["picture"])
        return application().stock.until(until)(StockOrder(stock["picture"], request_id, until))
    order = Order(**{name: event[name] for name in JOB}, request_id=request_id, until=until)
    logger.append_keys(message_id=order.message_id, job_id=order.job_id)
    logger.info("image_generate_started")
    return application().picture.until(order.until)(order)
