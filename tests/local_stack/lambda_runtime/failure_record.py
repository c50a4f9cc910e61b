"""The record an on-failure destination receives.

Page "Capturing records of Lambda asynchronous invocations" of the AWS Lambda developer guide.
"""

import json
from datetime import UTC, datetime
from typing import Any

from tests.local_stack.lambda_runtime.invocation import Outcome


def failure_record(
    *,
    request_id: str,
    function_arn: str,
    condition: str,
    attempts: int,
    payload: bytes,
    outcome: Outcome | None,
    version: str = "1",
    now: datetime | None = None,
) -> dict[str, Any]:
    """The record of an event that was given up.

    Args:
        function_arn: with the qualifier that was invoked.
        outcome: of the last attempt; None when there was none.
        version: of the function, that was executed.
        now: time of the record, in UTC.
    """
    moment = (now or datetime.now(UTC)).isoformat(timespec="milliseconds")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": moment.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(payload),
    }
    if outcome is not None:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": version,
            "functionError": "Unhandled",
        }
        record["responsePayload"] = json.loads(outcome.payload)
    return record
