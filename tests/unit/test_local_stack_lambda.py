"""Lambda's rules in the local stack: permissions, retries, records and the queue itself."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from tests.local_stack.lambda_runtime.event_queue import EventQueue, QueuedEvent
from tests.local_stack.lambda_runtime.failure_record import failure_record
from tests.local_stack.lambda_runtime.function import Function
from tests.local_stack.lambda_runtime.invocation import Invocation, Outcome, ThrottledError
from tests.local_stack.lambda_runtime.permissions import is_allowed
from tests.local_stack.lambda_runtime.retry_rules import (
    Again,
    Delays,
    GiveUp,
    after_failure,
    after_throttle,
)
from tests.local_stack.lambda_runtime.schedules import run_schedules, scheduled_event
from tests.local_stack.options import parse_options
from tests.local_stack.template.serving import AsyncSettings, FunctionSpec, ScheduleSpec

ARN = "arn:aws:lambda:eu-central-1:000000000000:function:job"


def allow(action: Any, resource: Any, effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([allow("lambda:InvokeFunction", f"{ARN}:live")], True),
        ([allow("LAMBDA:invokefunction", f"{ARN}:live")], True),
        ([allow("lambda:*", "*")], True),
        ([allow(["s3:GetObject", "lambda:Invoke*"], [f"{ARN}:l?ve"])], True),
        ([allow("lambda:InvokeFunction", ARN)], False),
        ([allow("lambda:InvokeFunction", f"{ARN}:LIVE")], False),
        ([allow("lambda:GetFunction", "*")], False),
        ([allow("lambda:*", "*"), allow("lambda:InvokeFunction", "*", "Deny")], False),
        ([allow("lambda:InvokeFunction", f"{ARN}[:]live")], False),
    ],
)
def test_permissions(statements: list[dict[str, Any]], allowed: bool) -> None:
    assert is_allowed(statements, "lambda:InvokeFunction", f"{ARN}:live") is allowed


def test_conditions_are_not_silently_ignored() -> None:
    statement = {**allow("lambda:*", "*"), "Condition": {"Bool": {}}}
    with pytest.raises(ValueError, match="Action and Resource only"):
        is_allowed([statement], "lambda:InvokeFunction", ARN)


@pytest.mark.parametrize(
    ("attempts", "age", "verdict"),
    [
        (1, 0.0, Again(60.0)),
        (2, 61.0, Again(120.0)),
        (3, 182.0, GiveUp("RetriesExhausted")),
        (1, 241.0, GiveUp("EventAgeExceeded")),
    ],
)
def test_failures_are_retried_after_one_and_two_minutes(
    attempts: int, age: float, verdict: object
) -> None:
    settings = AsyncSettings(max_retries=2, max_age=300)
    assert after_failure(settings, Delays(), attempts=attempts, age=age) == verdict


@pytest.mark.parametrize(
    ("throttles", "age", "verdict"),
    [
        (1, 0.0, Again(1.0)),
        (2, 1.0, Again(2.0)),
        (7, 63.0, Again(64.0)),
        (20, 1000.0, Again(300.0)),
        (6, 3570.0, GiveUp("EventAgeExceeded")),
    ],
)
def test_throttles_back_off_up_to_five_minutes(throttles: int, age: float, verdict: object) -> None:
    settings = AsyncSettings(max_age=3600)
    assert after_throttle(settings, Delays(), throttles=throttles, age=age) == verdict


class ScriptedFunction:
    """Ends its invocations as told: "ok", "fail" or "throttle"; the last one for ever."""

    def __init__(self, settings: AsyncSettings, *script: str) -> None:
        self.spec = FunctionSpec(
            logical_id="Job",
            name="job",
            arn=ARN,
            handler="handler.lambda_handler",
            code_dir=Path("job"),
            layer_dirs=(),
            environment={},
            timeout=3,
            memory=128,
            role_arn="role",
            statements=(),
            async_settings={"live": settings},
        )
        self.script = list(script)
        self.request_ids: list[str | None] = []

    def begin(
        self, _payload: bytes, _qualifier: str | None, request_id: str | None
    ) -> "asyncio.Task[Outcome]":
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if step == "throttle":
            raise ThrottledError
        self.request_ids.append(request_id)

        async def end() -> Outcome:
            return Outcome(b'{"errorType": "E"}', failed=step == "fail")

        return asyncio.create_task(end())


def processed(function: ScriptedFunction) -> tuple[list[dict[str, Any]], list[float]]:
    """Records sent and seconds waited for one event, on a clock of its own."""
    now = 0.0
    waits: list[float] = []
    records: list[dict[str, Any]] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        waits.append(seconds)

    queue = EventQueue(
        cast("Function", function),
        Delays(),
        lambda _function, _destination, record: records.append(json.loads(record)),
        clock=lambda: now,
        sleep=sleep,
    )
    asyncio.run(queue.process(QueuedEvent(b'{"job": 1}', "live", "the-request")))
    return records, waits


def test_queue_retries_with_the_same_request_id_and_then_records() -> None:
    function = ScriptedFunction(AsyncSettings(2, 21_600, "destination"), "fail")
    records, waits = processed(function)
    assert waits == [60.0, 120.0]
    assert function.request_ids == ["the-request"] * 3
    assert records[0]["requestContext"]["condition"] == "RetriesExhausted"
    assert records[0]["requestContext"]["approximateInvokeCount"] == 3


def test_queue_does_not_count_throttles_as_attempts() -> None:
    function = ScriptedFunction(
        AsyncSettings(0, 120, "destination"), "throttle", "throttle", "throttle", "ok"
    )
    records, waits = processed(function)
    assert (records, waits, len(function.request_ids)) == ([], [1.0, 2.0, 4.0], 1)


def test_queue_gives_up_by_age_without_any_attempt() -> None:
    function = ScriptedFunction(AsyncSettings(0, 120, "destination"), "throttle")
    records, waits = processed(function)
    assert sum(waits) <= 120
    assert records[0]["requestContext"]["condition"] == "EventAgeExceeded"
    assert records[0]["requestContext"]["approximateInvokeCount"] == 0
    assert "responsePayload" not in records[0]


def test_queue_without_destination_drops() -> None:
    assert processed(ScriptedFunction(AsyncSettings(0, 120), "fail")) == ([], [])


def test_failure_record_is_as_documented() -> None:
    record = failure_record(
        request_id="id",
        function_arn=f"{ARN}:live",
        condition="RetriesExhausted",
        attempts=3,
        payload=b'{"job": 1}',
        outcome=Outcome(b'{"errorMessage": "no"}', failed=True),
        now=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
    assert record == {
        "version": "1.0",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "requestContext": {
            "requestId": "id",
            "functionArn": f"{ARN}:live",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"job": 1},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "1",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorMessage": "no"},
    }


def test_ways_to_end() -> None:
    async def ended(how: str, *arguments: Any) -> dict[str, Any]:
        invocation = Invocation(b"{}", ARN, "id")
        getattr(invocation, how)(*arguments)
        invocation.crash(1)  # too late: the first ending stands
        outcome = await invocation.outcome
        assert outcome.failed
        found: dict[str, Any] = json.loads(outcome.payload)
        return found

    timed_out = asyncio.run(ended("time_out", 3.0))
    assert timed_out["errorMessage"].endswith("Task timed out after 3.00 seconds")
    killed = asyncio.run(ended("crash", -9))
    assert killed["errorMessage"].endswith("Runtime exited with error: signal: killed")
    large = asyncio.run(ended("succeed", b"x" * 6_291_557))
    assert large["errorType"] == "Function.ResponseSizeTooLarge"


def test_scheduled_event_is_eventbridges_or_the_rules_own() -> None:
    now = datetime(2026, 11, 20, 10, tzinfo=UTC)
    own = ScheduleSpec("Sweep", "arn:rule", 60, ARN, '{"sweep": true}')
    assert scheduled_event(own, now) == b'{"sweep": true}'
    event = json.loads(scheduled_event(ScheduleSpec("Sweep", "arn:rule", 60, ARN, None), now))
    assert (event["detail-type"], event["resources"]) == ("Scheduled Event", ["arn:rule"])
    assert event["time"] == "2026-11-20T10:00:00Z"


@pytest.mark.parametrize(("arguments", "asked"), [([], 1), (["--schedule-interval=3600"], 0)])
def test_schedules_begin_with_the_first_second(arguments: list[str], asked: int) -> None:
    options, queue = parse_options(arguments, {}), list[str]()
    service = Mock(enqueue=lambda arn, _: queue.append(arn))
    schedules = [ScheduleSpec("Sweep", "arn:rule", 3600, ARN, None)]

    async def run() -> None:
        at_once = options.sweeps_at_once
        running = run_schedules(schedules, service, options.schedule_interval, at_once=at_once)
        task = asyncio.create_task(running)
        await asyncio.sleep(0)  # the task of each schedule is made
        await asyncio.sleep(0)  # and begins
        task.cancel()

    asyncio.run(run())

    assert queue == [ARN] * asked
