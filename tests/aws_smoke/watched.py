"""Who would be told: alarms, figures, mail, and the role by which API Gateway logs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.aws_smoke.deployed import Deployed, eventually
from tests.aws_smoke.rows import Check, Skipped, Wrong

_NAMESPACE = "Afterimage"
_FIRST_METRIC = "PlaceholderTime"
_PAGE = 100  # alarms that may be named in one call


class Watched:
    """What watches one stack.

    Args:
        since: when the run began.
    """

    def __init__(self, stack: Deployed, since: datetime) -> None:
        self._stack = stack
        self._since = since

    def checks(self) -> Iterator[Check]:
        """Before the run itself makes an alarm ring."""
        yield Check("alarms: none rings", self.alarms)
        yield Check("alarms: somebody gets the mail", self.mail)
        yield Check("logs: API Gateway's role", self.log_role)

    def last_checks(self) -> Iterator[Check]:
        """Once a message was answered."""
        yield Check("figures: CloudWatch has them", self.figures)

    def alarms(self) -> str:
        """Their states as they were before the run."""
        names = list(self._stack.of_type("AWS::CloudWatch::Alarm").values())
        states: dict[str, str] = {}
        for start in range(0, len(names), _PAGE):
            found = self._stack.aws("cloudwatch").describe_alarms(
                AlarmNames=names[start : start + _PAGE],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_PAGE,
            )
            for alarm in [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]:
                states[alarm["AlarmName"]] = alarm["StateValue"]
        missing = sorted(set(names) - set(states))
        ringing = sorted(name for name, state in states.items() if state == "ALARM")
        if missing or ringing:
            raise Wrong(f"ringing: {ringing or 'none'}; missing: {missing or 'none'}")
        quiet = list(states.values())
        return ", ".join(f"{quiet.count(state)} {state}" for state in sorted(set(quiet)))

    def mail(self) -> str:
        """The address has agreed."""
        topic = self._stack.one_of_type("AWS::SNS::Topic")
        told = self._stack.aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        waiting = [one["Endpoint"] for one in told if not one["SubscriptionArn"].startswith("arn:")]
        if waiting or not told:
            raise Wrong(f"not confirmed: {', '.join(waiting) or 'nobody is subscribed'}")
        return f"{len(told)} confirmed"

    def log_role(self) -> str:
        """It has one, in this account and Region."""
        if self._stack.parameters.get("WebSocketLog") == "off":
            raise Skipped("WebSocketLog is off")
        role = self._stack.aws("apigateway").get_account().get("cloudwatchRoleArn")
        if not role:
            raise Wrong("none: the WebSocket API cannot log")
        return str(role)

    def figures(self) -> str:
        """Those of this stack, from this run."""
        took = eventually(lambda: self._count() > 0, self._stack.patience, 10)
        if took is None:
            raise Wrong(f"no {_FIRST_METRIC} of this run after {self._stack.patience:.0f} s")
        listed = self._stack.aws("cloudwatch").list_metrics(
            Namespace=_NAMESPACE, Dimensions=[{"Name": "service", "Value": self._stack.name}]
        )["Metrics"]
        names = sorted({metric["MetricName"] for metric in listed})
        return (
            f"{_FIRST_METRIC} {self._count():.0f} times; listed: {', '.join(names) or 'none yet'}"
        )

    def _count(self) -> float:
        """How many values of the first figure there are since the run began."""
        points: list[Any] = self._stack.aws("cloudwatch").get_metric_statistics(
            Namespace=_NAMESPACE,
            MetricName=_FIRST_METRIC,
            Dimensions=[{"Name": "service", "Value": self._stack.name}],
            StartTime=self._since.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["SampleCount"],
        )["Datapoints"]
        return sum(float(point["SampleCount"]) for point in points)
