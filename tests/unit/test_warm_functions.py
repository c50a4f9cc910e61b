"""Functions are warmed when somebody begins to write: seldom, silently, and at nobody's cost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import Stubber
from functions.image_generate import handler as image_generate
from functions.keeper import handler as keeper
from functions.llm_handler_gemini import handler as llm_handler_gemini
from tests.support.builders import a_message, inserted
from tests.support.doubles import FixedClock, RecordingLog, RecordingMetrics
from tests.support.in_memory import InMemoryTables
from tests.support.template import ROOT
from tests.support.warmings import InMemoryWarmings
from tests.unit.conftest import USER
from tests.unit.test_aws import client as lambda_client
from tests.unit.test_keeper import Context

from afterimage.adapters.warmer import LambdaWarmer
from afterimage.domain.metrics import Metric
from afterimage.use_cases.warm_functions import WarmFunctions
from afterimage.wiring.ready import GetReady

ALIASES = ["answers:live", "paints:live"]


class CountingWarmer:
    """Implements `Warmer`."""

    def __init__(self) -> None:
        self.warmed = 0

    def warm(self) -> None:
        self.warmed += 1


class Person:
    """Somebody who writes."""

    def __init__(self) -> None:
        self.clock, self.warmer = FixedClock(), CountingWarmer()
        self.tables = InMemoryTables(self.clock)
        store = InMemoryWarmings(self.tables)
        self.warm = WarmFunctions(store, self.warmer, self.clock, RecordingLog())

    def types(self, user: str = USER) -> int:
        """How often functions were warmed by now."""
        self.warm(user)
        return self.warmer.warmed

    def asks(self) -> None:
        change = inserted(a_message())
        self.tables.commit(self.tables.read(USER), change, self.clock.now())


def test_functions_are_warmed_once_in_five_minutes_for_each_user() -> None:
    person = Person()

    assert [person.types(), person.types(), person.types("bob")] == [1, 1, 2]
    person.clock.advance(minutes=4, seconds=59)
    assert person.types() == 2
    person.clock.advance(seconds=1)
    assert person.types() == 3


def test_nothing_is_warmed_where_something_of_theirs_ran_lately() -> None:
    person = Person()
    person.asks()

    assert person.types() == 0
    person.clock.advance(minutes=5)
    assert person.types() == 1


def test_each_function_is_invoked_by_its_alias_without_waiting() -> None:
    client = lambda_client("lambda")
    metrics = RecordingMetrics()
    with Stubber(client) as stub:
        for alias in ALIASES:
            asked = {"FunctionName": alias, "InvocationType": "Event", "Payload": b'{"warm": true}'}
            stub.add_response("invoke", {"StatusCode": 202}, asked)
        LambdaWarmer(lambda: client, ALIASES, RecordingLog(), metrics).warm()
        stub.assert_no_pending_responses()
    assert metrics.values == []


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "x"}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://aws.test"),
    ],
)
def test_one_that_is_refused_is_counted_and_not_repeated(error: Exception) -> None:
    asked: list[str] = []

    def invoke(**named: Any) -> None:
        asked.append(named["FunctionName"])
        raise error

    metrics = RecordingMetrics()
    client = SimpleNamespace(invoke=invoke)

    LambdaWarmer(lambda: client, ALIASES, RecordingLog(), metrics).warm()

    assert asked == ALIASES
    assert metrics.values == [(Metric.WARMINGS_REFUSED, 1)] * 2


def test_what_cannot_be_had_yet_stops_nothing_else() -> None:
    had, log = [], RecordingLog()

    def broken() -> None:
        raise TimeoutError

    with ThreadPoolExecutor(2) as executor:
        GetReady(broken, lambda: had.append("keys"), executor=executor, log=log)()

    assert had == ["keys"]
    assert log.events() == ["not_ready", "ready"]


@pytest.mark.parametrize("handler", [llm_handler_gemini, image_generate])
def test_a_warm_event_asks_for_nothing(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    event = json.loads((ROOT / "events" / "warm.json").read_text())
    ends: list[datetime] = []
    ours = SimpleNamespace(get_ready=ends.append)  # and nothing else
    ours.picture = ours
    monkeypatch.setattr(handler, "application", lambda: ours)

    handler.lambda_handler(event, Context())

    assert len(ends) == 1


def test_the_record_of_a_warming_that_failed_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "application", SimpleNamespace)  # none of its use cases

    record = {"requestPayload": {"warm": True}, "requestContext": {"condition": "EventAgeExceeded"}}
    keeper.lambda_handler(record, Context())
