"""Schedules that invoke functions, by EventBridge's rules.

"rate" runs from the moment the rule exists, within the first minute but at no certain second, and
targets are invoked asynchronously ("Rate expressions", "Creating a rule that runs on a schedule"
and "Lambda as a target", Amazon EventBridge user guide). Here a rule can begin with its first
second, so that what a sweep prepares is there when somebody opens the page.
"""

import asyncio
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from tests.local_stack.lambda_runtime.service import LambdaService
from tests.local_stack.names import ACCOUNT, REGION
from tests.local_stack.template.serving import ScheduleSpec


def scheduled_event(schedule: ScheduleSpec, now: datetime) -> bytes:
    """The event of a rule: its own input, or EventBridge's "Scheduled Event"."""
    if schedule.payload is not None:
        return schedule.payload.encode()
    return json.dumps(
        {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [schedule.arn],
            "detail": {},
        }
    ).encode()


async def run_schedules(
    schedules: Iterable[ScheduleSpec],
    service: LambdaService,
    interval: float | None,
    *,
    at_once: bool = False,
) -> None:
    """Runs every schedule until cancelled.

    Args:
        interval: seconds instead of each schedule's own period, for tests.
        at_once: the first time now: rules that an earlier run left are overdue.
    """
    await asyncio.gather(*(_run(schedule, service, interval, at_once) for schedule in schedules))


async def _run(
    schedule: ScheduleSpec, service: LambdaService, interval: float | None, at_once: bool
) -> None:
    if at_once:
        service.enqueue(schedule.function_arn, scheduled_event(schedule, datetime.now(UTC)))
    while True:
        await asyncio.sleep(interval or schedule.seconds)
        service.enqueue(schedule.function_arn, scheduled_event(schedule, datetime.now(UTC)))
