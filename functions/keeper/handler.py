"""Ends what was left open: failed pictures, deletions, and what the sweep finds."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage import wiring
from afterimage.invocation import end_of
from afterimage.use_cases.rescue_job import FailedInvocation

logger = Logger()
_KEPT = timedelta(seconds=5)  # of the function's time, to finish what is begun


@cache
def application() -> Any:
    return wiring.keeper(logger, os.environ)


@logger.inject_lambda_context(
    correlation_id_path="requestPayload.correlation_id || correlation_id", clear_state=True
)
def lambda_handler(event: dict[str, Any], context: Any) -> None:
    (rescue, sweep, finish), ends_at = application(), end_of(context)
    if "requestPayload" in event:
        job, about = event["requestPayload"], event["requestContext"]
        logger.append_keys(message_id=job["message_id"], job_id=job["job_id"])
        which = job["user_id"], job["job_id"], job["attempt"], about["requestId"]
        rescue(FailedInvocation(*which, about["condition"]), ends_at=ends_at)
    elif "deletion" in event:
        whose, name = event["deletion"]["user_id"], event["deletion"]["name"]
        finish(whose, name, ends_at - _KEPT, ends_at=ends_at)
    else:
        sweep(ends_at - _KEPT, ends_at=ends_at)
        logger.info("keeper_swept")
