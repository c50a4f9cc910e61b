"""`python -m tests.sam.deploy [Name=value …] [-- ARGUMENTS]`: `sam deploy`, with new defaults.

CloudFormation keeps the value of a parameter that is not named, also where nobody ever chose it.
So what stands in the deployed stack is compared with the defaults of the template that it was
deployed from: where they are the same, nobody chose, and the new template's default is named. What
was chosen stays, whatever `samconfig.toml` saved.
"""

import argparse
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.support.template import ROOT, parsed, template

SAM = ROOT / ".venv-sam" / "bin" / "sam"
Parameters = Mapping[str, Mapping[str, Any]]  # declarations, by name


def main(arguments: Sequence[str]) -> None:
    """Becomes `sam deploy`; says before which new defaults it names."""
    named, rest = _parsed(arguments)
    stack = _Stack(*target(rest, ROOT / "samconfig.toml"))
    if problem := stack.invited_already(named.get("FirstUserEmail", "")):
        sys.exit(problem)
    new = stack.new_defaults(template()["Parameters"])
    news = {name: value for name, value in new.items() if name not in named}
    for name, value in news.items():
        sys.stdout.write(f"New default, and nobody chose another: {name}={value}\n")
    sys.stdout.flush()
    overrides = [spelled(name, value) for name, value in {**named, **news}.items()]
    command = [str(SAM), "deploy", "--parameter-overrides", *overrides, *rest]
    os.execv(SAM, command)  # noqa: S606 - no shell is wanted


def new_defaults(
    before: Parameters, deployed: Mapping[str, str], now: Parameters
) -> dict[str, str]:
    """Defaults of a new template that differ from those of the deployed one, and were not chosen.

    Args:
        before: the parameters of the template that was deployed.
        deployed: the values of the stack.
        now: the parameters of the template that will be.
    """
    return {
        name: _text(now[name]["Default"])
        for name in sorted(set(before) & set(now))
        if "Default" in before[name] and "Default" in now[name]
        if deployed.get(name) == _text(before[name]["Default"]) != _text(now[name]["Default"])
    }


def spelled(name: str, value: str) -> str:
    """As `--parameter-overrides` takes it, with whatever signs are in it."""
    escaped = value.replace('"', '\\"')
    return f'{name}="{escaped}"'


def target(arguments: Sequence[str], config: Path) -> tuple[str, str | None, str | None]:
    """Stack, Region and profile that `sam deploy` would take: as given, else of its file."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("--stack-name", "--region", "--profile"):
        parser.add_argument(option)
    parser.add_argument("--config-env", default="default")
    parser.add_argument("--config-file", type=Path, default=config)
    given = parser.parse_known_args(arguments)[0]
    tables = tomllib.loads(given.config_file.read_text("utf-8")).get(given.config_env, {})
    saved: dict[str, str] = {
        **tables.get("global", {}).get("parameters", {}),
        **tables.get("deploy", {}).get("parameters", {}),
    }
    stack = given.stack_name or saved["stack_name"]
    return stack, given.region or saved.get("region"), given.profile or saved.get("profile")


class _Stack:
    """What is deployed, if anything is."""

    def __init__(self, name: str, region: str | None, profile: str | None) -> None:
        self._name = name
        self._session = boto3.Session(region_name=region, profile_name=profile)
        self._formation = self._session.client("cloudformation")

    def new_defaults(self, now: Parameters) -> dict[str, str]:
        deployed = self._deployed()
        if deployed is None:
            return {}
        answer: Any = self._formation.get_template(StackName=self._name, TemplateStage="Original")
        body = answer["TemplateBody"]  # JSON comes as what it means
        before = parsed(body) if isinstance(body, str) else body
        return new_defaults(before.get("Parameters", {}), deployed, now)

    def invited_already(self, address: str) -> str | None:
        """What is wrong with inviting this person by `FirstUserEmail`, None if nothing is."""
        deployed = self._deployed()
        if not address or deployed is None or deployed.get("FirstUserEmail") == address:
            return None
        pools = self._session.client("cognito-idp")
        for pool in self._pools():
            try:
                pools.admin_get_user(UserPoolId=pool, Username=address)
            except pools.exceptions.UserNotFoundException:
                continue
            return (
                f"{address} is in the stack's user pool already, and Cognito makes nobody twice. "
                "Leave FirstUserEmail as it is; the output AddUser is the command that invites."
            )
        return None

    def _pools(self) -> Iterator[str]:
        pages = self._formation.get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=self._name):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == "AWS::Cognito::UserPool":
                    yield resource["PhysicalResourceId"]

    def _deployed(self) -> dict[str, str] | None:
        try:
            [stack] = self._formation.describe_stacks(StackName=self._name)["Stacks"]
        except ClientError as error:
            # CloudFormation has no code of its own for it.
            if "does not exist" in str(error):
                return None
            raise
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}


def _text(default: object) -> str:
    """A default as CloudFormation shows it among the parameters of a stack."""
    return "" if default is None else str(default)


def _parsed(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests.sam.deploy", description=__doc__)
    parser.add_argument("parameters", nargs="*", metavar="Name=value", help="those that change")
    own = list(arguments)
    at = own.index("--") if "--" in own else len(own)
    given = parser.parse_args(own[:at]).parameters
    for assignment in given:
        if "=" not in assignment:
            parser.error(f"Name=value, not {assignment}")
    named = dict(assignment.split("=", 1) for assignment in given)
    return {name: _unquoted(value) for name, value in named.items()}, own[at + 1 :]


def _unquoted(value: str) -> str:
    """Without the quotes that `sam deploy` itself wants around a value with a space."""
    return value[1:-1] if re.fullmatch(r'".*"', value) else value


if __name__ == "__main__":
    main(sys.argv[1:])
