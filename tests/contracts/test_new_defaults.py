"""What `make deploy` names of a release's new defaults, beside what was chosen and is named.

Against stacks of MiniStack's CloudFormation: what it says of parameters is read, and nothing is
deployed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from tests.local_stack.names import ADMIN_KEY, ADMIN_SECRET, REGION
from tests.sam import deploy
from tests.support.ministack import ministack
from tests.support.template import template

NOW: dict[str, dict[str, Any]] = template()["Parameters"]
POOL = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "people"}}


class Became(Exception):
    """The process would be another command now."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    services = "cloudformation,cognito-idp,iam,sts"
    with ministack(tmp_path_factory.mktemp("defaults"), services) as found:
        yield found


@pytest.fixture(autouse=True)
def shell(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "AWS_ENDPOINT_URL": address,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ADMIN_KEY,
        "AWS_SECRET_ACCESS_KEY": ADMIN_SECRET,
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def become(path: object, arguments: list[str]) -> None:
        raise Became(*arguments[1:])

    monkeypatch.setattr(os, "execv", become)


def an_older_release(stack: str, old: dict[str, object], **chosen: str) -> None:
    """A stack of a template with these defaults instead, and these answers."""
    parameters = {
        name: {"Type": "String", "Default": str(old.get(name, one["Default"]))}
        for name, one in NOW.items()
        if "Default" in one and name != "Rollout"
    }
    boto3.client("cloudformation").create_stack(
        StackName=stack,
        TemplateBody=json.dumps({"Parameters": parameters, "Resources": {"UserPool": POOL}}),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in chosen.items()],
    )


def command(*arguments: str) -> list[str]:
    """What `make deploy` becomes in the end."""
    with pytest.raises(Became) as became:
        deploy.main(arguments)
    return list(became.value.args)


def test_who_chose_none_gets_the_new_default_and_who_chose_keeps_it() -> None:
    old = {"TextModel": "gemini-old", "DailyImageLimit": 5, "TextTimeout": 30, "Scopes": "openid"}
    an_older_release("older", old, DailyImageLimit="7", UrlLifetimeDays="30")

    named = command("Architecture=arm64", "TextTimeout=45", "--", "--stack-name", "older")

    assert named == [
        "deploy",
        "--parameter-overrides",
        'Architecture="arm64"',
        'TextTimeout="45"',
        f'Scopes="{NOW["Scopes"]["Default"]}"',
        f'TextModel="{NOW["TextModel"]["Default"]}"',
        "--stack-name",
        "older",
    ]


@pytest.mark.parametrize("given", ['Scopes="openid mine"', "Scopes=openid mine"])
def test_the_first_deployment_names_what_is_given_and_no_more(given: str) -> None:
    named = command(given, "--", "--stack-name", "new")

    assert named[2:3] == ['Scopes="openid mine"']
    assert len(named) == 5


def test_somebody_who_is_in_the_pool_is_not_invited_again() -> None:
    an_older_release("people", {})
    formation, pools = boto3.client("cloudformation"), boto3.client("cognito-idp")
    found = formation.describe_stack_resource(StackName="people", LogicalResourceId="UserPool")
    pool = found["StackResourceDetail"]["PhysicalResourceId"]
    pools.admin_create_user(UserPoolId=pool, Username="alice@example.org")
    here = ("--", "--stack-name", "people")

    with pytest.raises(SystemExit, match=r"alice@example\.org is in the stack's user pool already"):
        deploy.main(["FirstUserEmail=alice@example.org", *here])

    assert 'FirstUserEmail="bob@example.org"' in command("FirstUserEmail=bob@example.org", *here)
    assert command("LogLevel=DEBUG", *here)
