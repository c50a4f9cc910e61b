"""The functions as Lambda has them: versions, slots, queues, logs, rollouts."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.aws_smoke.deployed import Deployed, eventually
from tests.aws_smoke.rows import Check, Skipped, Wrong

_LATEST = "$LATEST"
# What a version and $LATEST have in common if the version is what was deployed last.
_SAME = ("CodeSha256", "Runtime", "Timeout", "MemorySize", "Environment", "Layers", "Role")
_KEPT_FREE = 100  # slots that Lambda lets nobody reserve
_A_ROLLOUT = {"Failed", "Stopped"}
_INIT = re.compile(r"Init Duration: ([\d.]+) ms")


class Functions:
    """The stack's functions.

    Args:
        since: when the run began; log lines are looked for from then on.
    """

    def __init__(self, stack: Deployed, since: datetime) -> None:
        self._stack = stack
        self._since_ms = int(since.astimezone(UTC).timestamp() * 1000)

    def checks(self) -> Iterator[Check]:
        """What can be seen before anybody calls them."""
        yield Check("functions: active", self.active)
        yield Check("functions: live is the newest version, and $LATEST", self.versions)
        yield Check("functions: rollouts", self.rollouts)
        yield Check("functions: slots of the account and of the painter", self.concurrency)
        yield Check("functions: queues of asynchronous calls", self.queues)
        yield Check("functions: the sweep's schedule", self.schedule)
        yield Check("functions: the keeper sweeps", self.sweeps)

    def last_checks(self) -> Iterator[Check]:
        """What can be seen after they were called."""
        yield Check("logs: a line of each function", self.lines)
        yield Check("logs: access logs of both APIs", self.access_logs)
        yield Check("logs: cold starts", self.cold_starts)

    def active(self) -> str:
        """Each can be invoked."""
        told = []
        for name in self._names():
            state = self._lambda.get_function_configuration(FunctionName=name)
            if (state["State"], state["LastUpdateStatus"]) != ("Active", "Successful"):
                reason = state.get("StateReason") or state.get("LastUpdateStatusReason")
                raise Wrong(f"{name}: {state['State']}, {state['LastUpdateStatus']}, {reason}")
            told.append(f"{state['Runtime']} {state['Architectures'][0]}")
        return f"{len(told)} on {', '.join(sorted(set(told)))}"

    def versions(self) -> str:
        """What the alias runs is what was deployed last, and all of it."""
        told = []
        for name in self._names():
            alias = self._lambda.get_alias(FunctionName=name, Name="live")
            shifting = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
            if shifting:
                raise Wrong(f"{name}: a rollout is under way ({shifting}); try again behind it")
            published = self._versions(name)
            newest = max(published, key=int)
            if alias["FunctionVersion"] != newest:
                raise Wrong(f"{name}: live is {alias['FunctionVersion']}, newest is {newest}")
            latest = self._latest(name)
            other = [key for key in _SAME if published[newest].get(key) != latest.get(key)]
            if other:
                raise Wrong(f"{name}: version {newest} and $LATEST differ in {', '.join(other)}")
            told.append(newest)
        return f"versions {', '.join(told)}"

    def rollouts(self) -> str:
        """The last rollout of each function ended well."""
        deploy = self._stack.aws("codedeploy")
        application = self._stack.one_of_type("AWS::CodeDeploy::Application")
        told = 0
        for logical_id, group in self._stack.of_type("AWS::CodeDeploy::DeploymentGroup").items():
            listed = deploy.list_deployments(
                applicationName=application, deploymentGroupName=group
            )["deployments"]
            made = [deploy.get_deployment(deploymentId=i)["deploymentInfo"] for i in listed[:10]]
            if not made:
                continue
            last = max(made, key=lambda info: info["createTime"])
            if last["status"] in _A_ROLLOUT:
                why = last.get("errorInformation", {}).get("message", "")
                raise Wrong(f"{logical_id}: {last['status']}: {why}")
            told += 1
        if not told:
            raise Skipped("none yet: the first deployment shifts nothing. Deploy a change")
        return f"{told} functions were shifted"

    def concurrency(self) -> str:
        """How much can run at once."""
        limits = self._lambda.get_account_settings()["AccountLimit"]
        painter = next(name for name in self._names() if name.endswith("-image_generate"))
        reserved = self._lambda.get_function_concurrency(FunctionName=painter)
        slots = reserved.get("ReservedConcurrentExecutions")
        free = limits["UnreservedConcurrentExecutions"]
        said = f"account {limits['ConcurrentExecutions']}, unreserved {free}, painter {slots}"
        if slots == 0:
            raise Wrong(f"{said}: nothing is painted")
        wanted = self._stack.parameters.get("ImageConcurrency", "")
        if wanted not in ("", str(slots or 0)):
            raise Wrong(f"{said}: ImageConcurrency says {wanted}")
        if free < _KEPT_FREE:
            said += "; a small account: docs/deploy.md says what to answer"
        return said

    def queues(self) -> str:
        """Events wait at the alias, and what fails is told to the keeper."""
        told = []
        for name in self._names():
            if not name.endswith(("-image_generate", "-keeper")):
                continue
            queue = self._lambda.get_function_event_invoke_config(
                FunctionName=name, Qualifier="live"
            )
            target = queue.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
            if name.endswith("-image_generate") and not target.endswith("-keeper:live"):
                raise Wrong(f"{name}: failures go to {target or 'nobody'}")
            age, tries = queue["MaximumEventAgeInSeconds"], queue["MaximumRetryAttempts"]
            told.append(f"{name}: {age} s, {tries} retries")
        return "; ".join(told)

    def schedule(self) -> str:
        """The keeper is called every minute."""
        rule = self._stack.aws("events").describe_rule(
            Name=self._stack.one_of_type("AWS::Events::Rule")
        )
        if rule["State"] != "ENABLED":
            raise Wrong(f"{rule['State']}: what is overdue never ends")
        return str(rule["ScheduleExpression"])

    def sweeps(self) -> str:
        """It is called here as by its schedule: a minute later it would be again."""
        keeper = next(name for name in self._names() if name.endswith("-keeper"))
        answer = self._lambda.invoke(FunctionName=keeper, Qualifier="live", Payload=b"{}")
        if "FunctionError" in answer:
            raise Wrong(f"it failed: {answer['Payload'].read(300).decode(errors='replace')}")
        return f"version {answer['ExecutedVersion']}"

    def lines(self) -> str:
        """Each function wrote a line since the run began."""
        groups = {name: self._log_group(name) for name in self._names()}
        return self._all_write(groups)

    def access_logs(self) -> str:
        """Each API wrote a line since the run began, by the account's role."""
        gateway = self._stack.aws("apigatewayv2")
        groups = {}
        for logical_id, api in self._stack.of_type("AWS::ApiGatewayV2::Api").items():
            for stage in gateway.get_stages(ApiId=api)["Items"]:
                if arn := stage.get("AccessLogSettings", {}).get("DestinationArn"):
                    groups[logical_id] = arn.partition(":log-group:")[2].removesuffix(":*")
        return self._all_write(groups)

    def cold_starts(self) -> str:
        """How long new sandboxes took before their first call."""
        told = []
        for name in self._names():
            events = self._events(self._log_group(name), '"Init Duration"')
            found = [float(ms[1]) for e in events if (ms := _INIT.search(e["message"]))]
            if found:
                short = name.removeprefix(f"{self._stack.name}-")
                told.append(f"{short} {len(found)} x {median(found):.0f} ms")
        if not told:
            raise Skipped("no sandbox was made during the run")
        return ", ".join(told)

    def _all_write(self, groups: Mapping[str, str]) -> str:
        silent = dict(groups)

        def all_written() -> bool:
            for name, group in list(silent.items()):
                if self._events(group, ""):
                    del silent[name]
            return not silent

        if eventually(all_written, self._stack.patience, 5) is None:
            raise Wrong(f"no line of {', '.join(silent)} since the run began")
        return f"{len(groups)} logs"

    def _events(self, group: str, pattern: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._stack.aws("logs").filter_log_events(
            logGroupName=group, startTime=self._since_ms, filterPattern=pattern, limit=100
        )["events"]
        return found

    def _log_group(self, name: str) -> str:
        group: str = self._latest(name)["LoggingConfig"]["LogGroup"]
        return group

    def _latest(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._lambda.get_function_configuration(FunctionName=name)
        return found

    def _versions(self, name: str) -> dict[str, Mapping[str, Any]]:
        """Published ones by their numbers."""
        pages = self._lambda.get_paginator("list_versions_by_function")
        return {
            version["Version"]: version
            for page in pages.paginate(FunctionName=name)
            for version in page["Versions"]
            if version["Version"] != _LATEST
        }

    def _names(self) -> list[str]:
        return sorted(self._stack.of_type("AWS::Lambda::Function").values())

    @property
    def _lambda(self) -> Any:
        return self._stack.aws("lambda")
