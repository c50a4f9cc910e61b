"""Alarms ring for what they are for: judged by the figures that the code itself reports."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.local_stack.template.intrinsics import resolve
from tests.support.builders import a_caller
from tests.support.cloudwatch import Datum, invocation, logged, rings
from tests.support.doubles import RecordingLog
from tests.support.plain_template import properties, values
from tests.support.template import ROOT

from afterimage.adapters.system import PowertoolsMetrics, SystemClock
from afterimage.domain.errors import NotFound
from afterimage.domain.metrics import Metric
from afterimage.http import routes
from afterimage.http.api import HttpApi, Request, Response
from afterimage.invocation import Invocation
from afterimage.measured import Measured

NAMES = values()
STACK, FUNCTION = NAMES.refs["AWS::StackName"], NAMES.refs["ChatApiFunction"]
NEW, OLD = NAMES.attributes[next(n for n in NAMES.attributes if n.endswith(".Version"))], "0"
ALARMS: dict[str, dict[str, Any]] = {
    name: resolve(alarm, NAMES) for name, alarm in properties("AWS::CloudWatch::Alarm").items()
}
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 29_000)

STATUS = {"fine": 200, "broken": 500, "refusing": 404}

Answer = Callable[[Request], Response]


def fine(request: Request) -> Response:
    return Response({"chats": []})


def broken(request: Request) -> Response:
    raise KeyError("chats")


def refusing(request: Request) -> Response:
    raise NotFound


def called(answer: Answer, version: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Datum]:
    """`GET /chats` at a version of chat_api that answers so, and all that is reported of it."""
    metrics = PowertoolsMetrics(STACK, "chat_api", version, lambda: "c-1")
    api = HttpApi(
        {routes.LIST_CHATS: answer}, lambda _: a_caller(), SystemClock(), RecordingLog(), metrics
    )
    event = json.loads((ROOT / "events" / "list_chats.json").read_text())
    clock = SystemClock()
    measured = Measured(api, metrics, clock, Invocation(clock))
    response = measured.until(clock.now() + timedelta(seconds=29))(event, CONTEXT)
    assert response["statusCode"] == STATUS[answer.__name__]
    yield from logged(capsys.readouterr().out)
    yield from invocation(FUNCTION, version, time.time(), failed=False)


def ringing(figures: list[Datum]) -> set[str]:
    looked_at = set(ALARMS) - {"PlaceholderAlarm", "NotDeliveredAlarm"}
    return {name for name in looked_at if rings(ALARMS[name], figures, time.time() + 1)}


def stopping(function: str) -> set[str]:
    """Alarms that take a function's rollout back."""
    group = properties("AWS::CodeDeploy::DeploymentGroup")[f"{function}DeploymentGroup"]
    return {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}


def test_a_version_whose_every_list_of_chats_raises_goes_back_alone_and_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = list(called(broken, NEW, capsys))

    assert all(f.value == 0 for f in figures if f.name == "Errors")  # Lambda saw no failure
    assert ringing(figures) == {"ChatApiRolloutDefectsAlarm", "DefectsAlarm"}
    assert ringing(figures) & stopping("ChatApiFunction") == {"ChatApiRolloutDefectsAlarm"}


def test_a_defect_of_the_version_that_runs_does_not_stop_the_one_that_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = [*called(broken, OLD, capsys), *called(fine, NEW, capsys)]
    figures += invocation(FUNCTION, OLD, time.time(), failed=True)

    assert ringing(figures) == {"DefectsAlarm", "ChatApiErrorsAlarm"}


def test_a_version_that_dies_goes_back() -> None:
    figures = list(invocation(FUNCTION, NEW, time.time(), failed=True))

    assert ringing(figures) == {"ChatApiRolloutAlarm", "ChatApiErrorsAlarm"}


@pytest.mark.parametrize("answer", [fine, refusing])
def test_what_is_expected_rings_nothing(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    assert ringing(list(called(answer, NEW, capsys))) == set()


@pytest.mark.parametrize("function", sorted(properties("AWS::Lambda::Function")))
def test_every_function_is_judged_by_its_own_defects(function: str) -> None:
    made = properties("AWS::Lambda::Function")[function]["Environment"]["Variables"]
    named = made["POWERTOOLS_SERVICE_NAME"]
    judged = {
        dimension["Value"]
        for name in stopping(function)
        if ALARMS[name]["MetricName"] == Metric.DEFECTS.title
        for dimension in ALARMS[name]["Dimensions"]
        if dimension["Name"] == "function"
    }

    assert judged == {named}


# --- Alarms with a threshold -------------------------------------------------------------------


def ended(complete: int, failed: int) -> list[Datum]:
    dimensions = frozenset({("service", STACK)})
    shares = [100.0] * complete + [0.0] * failed
    return [Datum("Afterimage", "Success", dimensions, share, time.time()) for share in shares]


def test_three_failed_answers_ring_where_they_are_more_than_one_in_a_hundred() -> None:
    """Of any number: a mean is not exact."""
    rang = {n for n in range(400) if rings(ALARMS["SuccessAlarm"], ended(n, 3), time.time() + 1)}

    assert rang == {n for n in range(400) if n / (n + 3) < 0.99}


@pytest.mark.parametrize(
    ("complete", "failed", "expected"),
    [(0, 1, False), (19, 1, False), (98, 1, False), (0, 2, False), (990, 9, False), (90, 10, True)],
)
def test_success_is_a_count_and_a_share(complete: int, failed: int, expected: bool) -> None:
    assert ("SuccessAlarm" in ringing(ended(complete, failed))) is expected


@pytest.mark.parametrize(
    ("before", "lately", "expected"), [(9, 9, False), (0, 50, False), (10, 10, True)]
)
def test_posts_are_dropped_for_ten_minutes_before_it_rings(
    before: int, lately: int, expected: bool
) -> None:
    now, dimensions = time.time(), frozenset({("service", STACK)})
    times = [now - 400] * before + [now] * lately
    figures = [Datum("Afterimage", "PostsDropped", dimensions, 1, at) for at in times]

    assert (ringing(figures) == {"PostsDroppedAlarm"}) is expected


@pytest.mark.parametrize(("answers", "expected"), [(4, set()), (5, {"HttpErrorsAlarm"})])
def test_errors_of_the_http_api_ring(answers: int, expected: set[str]) -> None:
    dimensions = frozenset({("ApiId", NAMES.refs["HttpApi"])})
    figures = [Datum("AWS/ApiGateway", "5xx", dimensions, 1, time.time())] * answers

    assert ringing(figures) == expected


@pytest.mark.parametrize(
    ("texts", "pictures", "expected"),
    [
        ([21], [], True),
        ([], [21], True),
        ([10.5], [5, 5], True),
        ([15], [5], False),
        ([], [], False),
    ],
)
def test_a_day_that_costs_more_than_is_set_rings(
    texts: list[float], pictures: list[float], expected: bool
) -> None:
    now, dimensions = time.time(), frozenset({("service", STACK)})
    figures = [
        Datum("Afterimage", name, dimensions, dollars, now - 3_600 * number)
        for name, costs in (("TextCost", texts), ("ImageCost", pictures))
        for number, dollars in enumerate(costs)
    ]
    before = [Datum("Afterimage", "ImageCost", dimensions, 100, now - 90_000)]

    assert (ringing(figures + before) == {"SpendAlarm"}) is expected


def test_the_dashboard_has_hours_of_what_the_models_cost_and_of_their_calls() -> None:
    body = resolve(properties("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"], NAMES)
    shown = [widget["properties"] for widget in json.loads(body)["widgets"]]
    hourly = {metric[1] for it in shown if it.get("period") == 3_600 for metric in it["metrics"]}

    assert hourly == {"TextCost", "ImageCost", "TextCalls", "ImageCalls"}
