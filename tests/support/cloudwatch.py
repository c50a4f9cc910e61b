"""What CloudWatch makes of figures: alarms of the template, judged by what a log reports.

After "Embedded metric format specification", "Using Amazon CloudWatch alarms" and "Using math
expressions with CloudWatch metrics" of the CloudWatch user guide. It knows what the template uses,
and says so of the rest.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Dimensions = frozenset[tuple[str, str]]
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Maximum": max,
    "SampleCount": len,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
}


@dataclass(frozen=True)
class Datum:
    """One value of one metric. Attributes: at: epoch seconds."""

    namespace: str
    name: str
    dimensions: Dimensions
    value: float
    at: float


def logged(text: str) -> Iterator[Datum]:
    """The figures in what a function printed; other lines are no figures."""
    for line in text.splitlines():
        if line.startswith("{") and "_aws" in (told := json.loads(line)):
            yield from _told(told)


def _told(told: Mapping[str, Any]) -> Iterator[Datum]:
    at = told["_aws"]["Timestamp"] / 1_000
    for directive in told["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = frozenset((name, told[name]) for name in names)
            for metric in directive["Metrics"]:
                for value in told[metric["Name"]]:
                    yield Datum(directive["Namespace"], metric["Name"], dimensions, value, at)


def invocation(function: str, version: str, at: float, *, failed: bool) -> Iterator[Datum]:
    """What Lambda reports of an invocation by the alias `live` that a version ran."""
    named = {"FunctionName": function, "Resource": f"{function}:live", "ExecutedVersion": version}
    for number in range(1, len(named) + 1):
        dimensions = frozenset(list(named.items())[:number])
        yield Datum("AWS/Lambda", "Errors", dimensions, float(failed), at)


def rings(alarm: Mapping[str, Any], figures: Iterable[Datum], now: float) -> bool:
    """Whether an alarm, its references resolved, rings at this moment.

    Args:
        now: epoch seconds; the end of the last period that is looked at.
    """
    known = list(figures)
    assert alarm["TreatMissingData"] == "notBreaching"
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    period = _period(alarm)
    ends = [now - number * period for number in range(alarm["EvaluationPeriods"])]
    values = [_value(alarm, known, end - period, end) for end in ends]
    return all(value is not None and breaches(value, alarm["Threshold"]) for value in values)


def _period(alarm: Mapping[str, Any]) -> int:
    if "Metrics" not in alarm:
        return int(alarm["Period"])
    [period] = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    return int(period)


def _value(
    alarm: Mapping[str, Any], figures: Sequence[Datum], begin: float, end: float
) -> float | None:
    """The one value of a period; None where there is none."""
    within = [figure for figure in figures if begin < figure.at <= end]
    if "Metrics" not in alarm:
        return _statistic(alarm, alarm["Statistic"], within)
    by_id = {
        each["Id"]: _statistic(each["MetricStat"]["Metric"], each["MetricStat"]["Stat"], within)
        for each in alarm["Metrics"]
        if "MetricStat" in each
    }
    [expression] = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    return _computed(ast.parse(expression, mode="eval").body, by_id)


def _statistic(metric: Mapping[str, Any], statistic: str, figures: Sequence[Datum]) -> float | None:
    dimensions = frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"])
    wanted = metric["Namespace"], metric["MetricName"], dimensions
    values = [f.value for f in figures if (f.namespace, f.name, f.dimensions) == wanted]
    return _STATISTICS[statistic](values) if values else None


def _computed(node: ast.expr, by_id: Mapping[str, float | None]) -> float | None:
    """An expression's value; what is computed with a value that is missing is missing."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return by_id[name]
        case ast.BinOp(left=left, op=operation, right=right):
            return _of_two(operation, left, right, by_id)
        case ast.Compare(left=left, ops=[operation], comparators=[right]):
            return _of_two(operation, left, right, by_id)
        case ast.Call(
            func=ast.Name(id="SUM"), args=[ast.Call(func=ast.Name(id="METRICS"), args=[])]
        ):
            there = [value for value in by_id.values() if value is not None]
            return sum(there) if there else None
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            chosen = _computed(condition, by_id)
            return None if chosen is None else _computed(then if chosen else otherwise, by_id)
    raise ValueError(f"an expression that is not known here: {ast.unparse(node)}")


def _of_two(
    operation: ast.AST, left: ast.expr, right: ast.expr, by_id: Mapping[str, float | None]
) -> float | None:
    one, other = _computed(left, by_id), _computed(right, by_id)
    if one is None or other is None:
        return None
    return _OPERATORS[type(operation)](one, other)
