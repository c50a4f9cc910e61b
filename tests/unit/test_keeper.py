"""The keeper's handler: a record of a failed invocation, a deletion, or the time for a sweep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from functions.keeper import handler

from afterimage.use_cases.rescue_job import FailedInvocation

EVENTS = Path(__file__).parents[2] / "events"


@dataclass
class Context:
    """What the handler and its logger read of Lambda's context."""

    left_ms: int = 60_000
    function_name: str = "afterimage-keeper"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = (
        "arn:aws:lambda:eu-central-1:123456789012:function:afterimage-keeper"
    )
    aws_request_id: str = "an-id"

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class Called:
    """What the use cases were called with."""

    def __init__(self) -> None:
        self.rescued: list[FailedInvocation] = []
        self.stock_failed: list[tuple[str, str]] = []
        self.swept: list[datetime] = []
        self.finished: list[tuple[str, str, datetime]] = []
        self.told: list[dict[str, str]] = []
        self.ends_at: list[datetime] = []
        self.fails: Exception | None = None

    def finish(self, user_id: str, name: str, until: datetime) -> None:
        self.finished.append((user_id, name, until))


class Told:
    """In place of a use case with its invocation's time."""

    def __init__(self, called: Called, use_case: Callable[..., None]) -> None:
        self._called = called
        self._use_case = use_case

    def until(self, ends_at: datetime) -> Callable[..., None]:
        self._called.ends_at.append(ends_at)
        if self._called.fails is not None:
            raise self._called.fails
        return self._use_case


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Iterator[Called]:
    calls = Called()
    ours = SimpleNamespace(
        rescue=Told(calls, calls.rescued.append),
        stock_failed=Told(calls, lambda *which: calls.stock_failed.append(which)),
        sweep=Told(calls, calls.swept.append),
        finish=Told(calls, calls.finish),
        tell=Told(calls, calls.told.append),
    )
    monkeypatch.setattr(handler, "application", lambda: ours)
    yield calls
    handler.logger.remove_keys(["correlation_id"])


def recorded(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def test_a_record_is_a_rescue(called: Called) -> None:
    event = recorded("keeper_record")

    handler.lambda_handler(event, Context())

    job = event["requestPayload"]
    assert called.rescued == [
        FailedInvocation(
            job["user_id"],
            job["job_id"],
            job["attempt"],
            event["requestContext"]["requestId"],
            "RetriesExhausted",
        )
    ]
    assert called.swept == []


def test_a_record_of_the_stock_is_no_rescue(called: Called) -> None:
    event = recorded("keeper_record_stock")

    handler.lambda_handler(event, Context())

    picture = event["requestPayload"]["stock"]["picture"]
    assert called.stock_failed == [(picture, event["requestContext"]["requestId"])]
    assert called.rescued == []


@pytest.mark.parametrize("without", [(), ("responseContext", "responsePayload")])
def test_a_job_that_waited_too_long_has_no_response(
    called: Called, without: tuple[str, ...]
) -> None:
    event = recorded("keeper_record")
    event["requestContext"]["condition"] = "EventAgeExceeded"
    event = {key: value for key, value in event.items() if key not in without}

    handler.lambda_handler(event, Context())

    assert [failed.condition for failed in called.rescued] == ["EventAgeExceeded"]


def test_the_log_of_a_rescue_goes_on_where_the_picture_was_asked_for(called: Called) -> None:
    event = recorded("keeper_record")

    handler.lambda_handler(event, Context())

    assert handler.logger.get_correlation_id() == event["requestPayload"]["correlation_id"]


@pytest.mark.parametrize("left_s", [60, 20])
def test_the_time_has_come_for_a_sweep_that_leaves_some(called: Called, left_s: int) -> None:
    before = datetime.now(UTC)

    handler.lambda_handler(recorded("keeper_sweep"), Context(left_s * 1000))

    (until,) = called.swept
    kept = timedelta(seconds=5)
    assert timedelta() <= until - (before + timedelta(seconds=left_s) - kept) < kept
    assert called.rescued == []


def test_a_rescue_that_breaks_is_told_to_the_platform(called: Called) -> None:
    """So that it is tried again."""
    called.fails = OSError("the table is away")

    with pytest.raises(OSError, match="the table is away"):
        handler.lambda_handler(recorded("keeper_record"), Context())


def test_a_deletion_is_gone_on_with_for_as_long_as_there_is_time(called: Called) -> None:
    event = recorded("keeper_deletion")
    before = datetime.now(UTC)

    handler.lambda_handler(event, Context(30_000))

    ((user_id, name, until),) = called.finished
    assert (user_id, name) == (event["deletion"]["user_id"], event["deletion"]["name"])
    assert timedelta() <= until - (before + timedelta(seconds=25)) < timedelta(seconds=5)
    assert handler.logger.get_correlation_id() == event["correlation_id"]
    assert (called.rescued, called.swept) == ([], [])


def test_an_answer_that_has_ended_is_told(called: Called) -> None:
    event = recorded("keeper_push")

    handler.lambda_handler(event, Context())

    assert called.told == [event["push"]]
    assert (called.rescued, called.swept) == ([], [])


@pytest.mark.parametrize(
    "name",
    ["keeper_record", "keeper_record_stock", "keeper_sweep", "keeper_deletion", "keeper_push"],
)
def test_whatever_it_does_it_knows_when_lambda_stops_it(called: Called, name: str) -> None:
    before = datetime.now(UTC)

    handler.lambda_handler(recorded(name), Context(30_000))

    (ends_at,) = called.ends_at
    assert timedelta() <= ends_at - (before + timedelta(seconds=30)) < timedelta(seconds=5)
