"""What the bundle reports of itself: emitted, written down, on the dashboard, in the alarms."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.local_stack.template.intrinsics import resolve
from tests.local_stack.template.stand_ins import PSEUDO_PARAMETERS
from tests.support.builders import a_message
from tests.support.docs import DOCS, rows
from tests.support.doubles import NOW
from tests.support.plain_template import of_kind, properties, values

from afterimage.adapters.system import NAMESPACE, PowertoolsMetrics
from afterimage.domain.errors import Failure
from afterimage.domain.messages import Message, Status
from afterimage.domain.metrics import Metric, ending, success

PACKAGE = Path(__file__).parents[2] / "layers" / "shared" / "afterimage"
OURS = {metric.title for metric in Metric}
# Of AWS's own figures, those of Lambda's documentation that we look at.
LAMBDAS = {
    "AsyncEventAge",
    "AsyncEventsDropped",
    "ConcurrentExecutions",
    "DestinationDeliveryFailures",
    "Errors",
    "Throttles",
}
NAMES = values(AlarmEmail="night@example.org")
ALARMS: dict[str, dict[str, Any]] = {
    name: resolve(alarm, NAMES)
    for name, alarm in properties("AWS::CloudWatch::Alarm", AlarmEmail="night@example.org").items()
}
DASHBOARD = json.loads(
    resolve(properties("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"], NAMES)
)
# They stop a rollout, which says so itself; the others tell somebody.
ROLLOUTS = {name for name in ALARMS if "Rollout" in name}
FUNCTIONS = {resolve({"Ref": name}, NAMES) for name in of_kind("AWS::Lambda::Function")}
FOLDERS = {
    name: resolve({"Ref": name}, NAMES).rpartition("-")[2]
    for name in of_kind("AWS::Lambda::Function")
}


# --- Emitted -------------------------------------------------------------------------------------


def test_a_line_is_in_the_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics("my-stack", "chat_api", "7", lambda: "c-1")

    metrics.add(Metric.REPLAYS)
    metrics.add(Metric.REPLAYS)
    metrics.add(Metric.PICTURE_TIME, 6500.5)
    metrics.flush()

    [printed] = capsys.readouterr().out.splitlines()
    line = json.loads(printed)
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == NAMESPACE
    assert described["Dimensions"] == [["service"]]
    assert {(each["Name"], each["Unit"]) for each in described["Metrics"]} == {
        ("Replays", "Count"),
        ("PictureTime", "Milliseconds"),
    }
    assert line["service"] == "my-stack"
    assert line["correlation_id"] == "c-1"
    assert line["Replays"] == [1, 1]
    assert line["PictureTime"] == [6500.5]


@pytest.mark.parametrize("values", [99, 100, 101, 250])
def test_however_many_values_every_line_leads_to_its_log(
    capsys: pytest.CaptureFixture[str], values: int
) -> None:
    """At the hundredth value of a figure a line leaves before the invocation has ended."""
    metrics = PowertoolsMetrics("my-stack", "chat_api", "7", lambda: "c-1")

    for _ in range(values):
        metrics.add(Metric.POSTS_DROPPED)
    metrics.flush()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(len(line["PostsDropped"]) for line in lines) == values
    assert {(line["service"], line["correlation_id"]) for line in lines} == {("my-stack", "c-1")}


def test_an_invocation_tells_of_itself_only(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics("my-stack", "chat_api", "7", lambda: None)
    metrics.add(Metric.IMAGE_MODEL_TIME, 7)
    metrics.flush()
    capsys.readouterr()

    metrics.flush()

    assert metrics.total(Metric.IMAGE_MODEL_TIME) == 0
    assert capsys.readouterr().out == ""


def test_a_defect_is_told_of_the_stack_and_of_the_function_and_its_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = PowertoolsMetrics("my-stack", "chat_api", "7", lambda: "c-1")

    metrics.add(Metric.REPLAYS)
    metrics.add(Metric.DEFECTS)
    metrics.add(Metric.DEFECTS)
    metrics.flush()

    others, told = map(json.loads, capsys.readouterr().out.splitlines())
    [described] = told["_aws"]["CloudWatchMetrics"]
    assert described["Dimensions"] == [["service"], ["service", "function", "version"]]
    assert [each["Name"] for each in described["Metrics"]] == ["Defects"]
    assert (told["service"], told["function"], told["version"]) == ("my-stack", "chat_api", "7")
    assert (told["Defects"], told["correlation_id"]) == ([1, 1], "c-1")
    assert others["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_a_line_of_defects_that_is_full_has_its_dimensions_and_so_has_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = PowertoolsMetrics("my-stack", "chat_api", "7", lambda: "c-1")
    for _ in range(101):
        metrics.add(Metric.DEFECTS)
    metrics.flush()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(line["Defects"]) for line in lines] == [100, 1]
    for line in lines:
        [described] = line["_aws"]["CloudWatchMetrics"]
        assert described["Dimensions"] == [["service"], ["service", "function", "version"]]


# Where any exception is caught, is not raised again and is no defect, and why.
EXPECTED = {
    "_decode": "of a picture that still comes; whoever decodes all of it says what is wrong",
    "_orientation": "Pillow raises what it likes on notes of hostile pictures",
}


def test_an_exception_that_nobody_expects_is_counted_wherever_it_is_caught() -> None:
    uncounted = {
        function.name
        for file in PACKAGE.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef)
        for handler in ast.walk(function)
        if isinstance(handler, ast.ExceptHandler)
        if isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
        if not any(isinstance(node, ast.Raise) for node in ast.walk(handler))
        if "Metric.DEFECTS" not in ast.unparse(handler)
    }

    assert uncounted == set(EXPECTED)


@pytest.mark.parametrize("metric", Metric)
def test_a_figure_that_is_declared_is_reported(metric: Metric) -> None:
    if metric.name.startswith("ENDED_"):
        assert metric in set(endings())
    else:
        assert metric.name in reported()


@cache
def reported() -> set[str]:
    """Names of the figures that the code mentions, outside the list itself."""
    return {
        node.attr
        for file in PACKAGE.rglob("*.py")
        if file.name != "metrics.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == "Metric"
    }


def endings() -> Iterator[Metric]:
    """What each way to end is counted as."""
    yield ending(a_message(status=Status.COMPLETE))
    yield ending(a_message(status=Status.CANCELLED))
    for kind in Failure.__subclasses__():
        yield ending(failed(kind))


def failed(kind: type[Failure]) -> Message:
    return a_message(status=Status.GENERATING).failed(kind("why"), NOW)


@pytest.mark.parametrize("kind", Failure.__subclasses__())
def test_every_failure_has_a_figure_of_its_own(kind: type[Failure]) -> None:
    assert ending(failed(kind)).title == "Ended" + kind.code.title().replace("_", "")


def test_what_is_nobodys_failure_is_no_part_of_the_success_rate() -> None:
    shares = {metric: success(metric) for metric in endings()}

    assert shares.pop(Metric.ENDED_COMPLETE) == 100
    assert {metric for metric, share in shares.items() if share is None} == {
        Metric.ENDED_CANCELLED,
        Metric.ENDED_QUOTA_EXCEEDED,
        Metric.ENDED_PROVIDER_LIMIT,
        Metric.ENDED_SOURCE_DELETED,
        Metric.ENDED_BLOCKED,
    }
    assert set(shares.values()) == {None, 0}


# --- Written down --------------------------------------------------------------------------------


def test_the_readme_has_every_figure_and_no_other() -> None:
    assert {name: cells[0] for name, cells in rows("metrics", "Metrics").items()} == {
        metric.title: metric.unit.value for metric in Metric
    }


def test_the_readme_has_every_alarm_with_what_to_do() -> None:
    told = {
        name.replace("…", function.removesuffix("Function")): cells[0].replace("…", folder)
        for name, cells in rows("operate", "Alarms").items()
        for function, folder in (FOLDERS.items() if "…" in name else [("", "")])
    }

    assert told == {name: alarm["AlarmDescription"] for name, alarm in ALARMS.items()}


# --- Looked at -----------------------------------------------------------------------------------


def looked_at(widget: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for metric in widget["properties"].get("metrics", ()):
        namespace, name, dimension, value, *_ = metric
        yield namespace, name, dimension, value


def watched(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The figures behind an alarm."""
    if "Metrics" in alarm:
        yield from (
            each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each
        )
    else:
        yield alarm


def is_a_figure(namespace: str, name: str, dimensions: dict[str, str]) -> bool:
    """Whether something emits it, under these dimensions."""
    if namespace == NAMESPACE:
        return name in OURS and is_ours(name, dict(dimensions))
    if namespace == "AWS/ApiGateway":  # "Working with metrics for HTTP APIs"
        return name == "5xx" and dimensions == {"ApiId": NAMES.refs["HttpApi"]}
    own = dict(dimensions)
    alias = own.pop("Resource", None)
    version = own.pop("ExecutedVersion", None)
    [(dimension, function)] = own.items()
    return (
        (namespace, dimension) == ("AWS/Lambda", "FunctionName")
        and name in LAMBDAS
        and function in FUNCTIONS
        and alias in (None, f"{function}:live")
        and (version is None or alias is not None)
    )


def is_ours(name: str, dimensions: dict[str, str]) -> bool:
    stack = PSEUDO_PARAMETERS["AWS::StackName"]
    if name == Metric.DEFECTS.title and "function" in dimensions:
        function = f"{stack}-{dimensions.pop('function')}"
        if not (function in FUNCTIONS and dimensions.pop("version")):
            return False
    return dimensions == {"service": stack}


@pytest.mark.parametrize("widget", DASHBOARD["widgets"], ids=lambda it: it["properties"]["title"])
def test_the_dashboard_shows_only_what_is_emitted(widget: dict[str, Any]) -> None:
    shown = list(looked_at(widget))

    assert shown or widget["type"] == "alarm"
    for namespace, name, dimension, value in shown:
        assert is_a_figure(namespace, name, {dimension: value}), name


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_only_what_is_emitted(name: str) -> None:
    figures = list(watched(ALARMS[name]))

    assert figures
    for figure in figures:
        dimensions = {each["Name"]: each["Value"] for each in figure["Dimensions"]}
        assert is_a_figure(figure["Namespace"], figure["MetricName"], dimensions)


def test_the_dashboard_shows_every_figure_and_every_alarm_that_tells_somebody() -> None:
    shown = {
        name
        for widget in DASHBOARD["widgets"]
        for namespace, name, *_ in looked_at(widget)
        if namespace == NAMESPACE
    }
    [alarms] = [
        each["properties"]["alarms"] for each in DASHBOARD["widgets"] if each["type"] == "alarm"
    ]

    assert shown == OURS
    assert set(alarms) == {
        resolve({"Fn::GetAtt": [name, "Arn"]}, NAMES) for name in ALARMS if name not in ROLLOUTS
    }


def test_widgets_do_not_lie_over_one_another() -> None:
    taken = [
        (x, y)
        for widget in DASHBOARD["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize("name", sorted(ROLLOUTS))
def test_a_rollouts_alarm_is_silent_without_data_and_tells_nobody(name: str) -> None:
    assert ALARMS[name]["TreatMissingData"] == "notBreaching"
    assert {"AlarmActions", "OKActions"} & set(ALARMS[name]) == set()


@pytest.mark.parametrize("name", sorted(set(ALARMS) - ROLLOUTS))
def test_an_alarm_is_silent_without_data_and_tells_by_mail_if_there_is_an_address(
    name: str,
) -> None:
    alarm = ALARMS[name]
    without = resolve(properties("AWS::CloudWatch::Alarm")[name], values())

    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == [resolve({"Ref": "AlarmTopic"}, NAMES)]
    assert alarm["OKActions"] == alarm["AlarmActions"]
    assert "AlarmActions" not in without
    assert "AWS::SNS::Topic" not in {each["Type"] for each in of_kind("AWS::SNS::Topic").values()}


def test_the_query_reads_the_log_of_every_function_that_knows_messages() -> None:
    [query] = properties("AWS::Logs::QueryDefinition").values()
    groups = {resolve(group, NAMES) for group in query["LogGroupNames"]}
    made = {
        resolve(each["LogGroupName"], NAMES) for each in properties("AWS::Logs::LogGroup").values()
    }

    assert groups == {group for group in made if "lambda" in group and "web_page" not in group}
    assert re.search(r"filter message_id = ", query["QueryString"])
    assert query["QueryString"].strip() in DOCS
