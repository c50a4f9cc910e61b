"""Ends what was left open: failed pictures, deletions, and what the sweep finds."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from afterimage.invocation import end_of
from afterimage.use_cases.rescue_job import FailedInvocation
from afterimage.wiring import keeper

logger = Logger()
CORRELATED = "requestPayload.correlation_id || correlation_id"


@cache
def application() -> keeper.Keeper:
    return keeper.build(logger, os.environ)


@logger.inject_lambda_context(correlation_id_path=CORRELATED, clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Lambda's on-failure record, `{"deletion": {…}}`, `{"push": {…}}`, or a schedule's event."""
    ours, ends_at = application(), end_of(context)
    failed, about = event.get("requestPayload", {}), event.get("requestContext", {})
    if "stock" in failed:
        ours.stock_failed.until(ends_at)(failed["stock"]["picture"], about["requestId"])
    elif "job_id" in failed:
        logger.append_keys(message_id=failed["message_id"], job_id=failed["job_id"])
        which = failed["user_id"], failed["job_id"], failed["attempt"], about["requestId"]
        ours.rescue.until(ends_at)(FailedInvocation(*which, about["condition"]))
    elif deletion := event.get("deletion"):
        ours.finish.until(ends_at)(deletion["user_id"], deletion["name"], ends_at - keeper.KEPT)
    elif told := event.get("push"):
        ours.tell.until(ends_at)(told)
    elif "warm" not in failed:  # nobody waited for what was only warmed
        ours.sweep.until(ends_at)(ends_at - keeper.KEPT)
