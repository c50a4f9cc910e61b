"""Who may do what, by the template that CloudFormation gets."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
from tests.local_stack.template.intrinsics import references, resolve
from tests.support.plain_template import as_list, properties, resources, statements, values

FUNCTIONS = sorted(properties("AWS::Lambda::Function"))

# Every pattern in a resource, and why it cannot be an exact name.
PATTERNS = {
    "/live/*/@connections/*": "ids of connections are API Gateway's, new ones every second",
    "${ImagesBucket.Arn}/p/*": "a key is a user's and a picture's",
    ":alarm:${AWS::StackName}-rollout-*": "an alarm of a rollout is named by its version",
    "${ImagesBucket.Arn}/p/*/full.webp": "a key is a user's and a picture's",
    "${ImagesBucket.Arn}/p/*/thumbnail.webp": "a key is a user's and a picture's",
    "${ImagesBucket.Arn}/p/*/small.webp": "a key is a user's and a picture's",
    "${ImagesBucket.Arn}/p/*/original": "a key is a user's and a picture's",
    "${ImagesBucket.Arn}/stock/*": "a key is a suggestion's and a picture's",
    "${ImagesBucket.Arn}/shared/*": "a key is a link's",
    "${ImagesBucket.Arn}/stock/*/thumbnail.webp": "a key is a suggestion's and a picture's",
}
# Every policy that is not written here, and why.
MANAGED = {
    "AmazonAPIGatewayPushToCloudWatchLogs": "API Gateway refuses a role that cannot write every log"
}
# What may start a function from outside the roles here.
STARTERS = {"apigateway.amazonaws.com", "events.amazonaws.com"}


def text_of(resource: Any) -> str:
    """A resource as it is written, its references still in it."""
    call = next(iter(resource)) if isinstance(resource, dict) else ""
    if call == "Fn::Sub":
        text = resource[call]
        return text if isinstance(text, str) else str(text[0])
    return resource if isinstance(resource, str) else json.dumps(resource)


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, s) for name, s in statements() if s["Effect"] == "Allow")


def role_of(function: str) -> str:
    role: str = properties("AWS::Lambda::Function")[function]["Role"]["Fn::GetAtt"][0]
    return role


def may(role: str) -> dict[str, set[str]]:
    """Logical names of what a role's statements name, by service."""
    found: dict[str, set[str]] = {}
    for name, statement in allowed():
        if name == role:
            for action in as_list(statement["Action"]):
                named = {reference.split(".")[0] for reference in references(statement["Resource"])}
                found.setdefault(action.split(":")[0], set()).update(named)
    return found


# --- Actions and resources -----------------------------------------------------------------------


def test_every_action_is_one_by_name() -> None:
    actions = [(name, a) for name, s in allowed() for a in as_list(s["Action"])]

    assert len(actions) > 50
    assert [one for one in actions if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", one[1])] == []
    assert not [s for _, s in allowed() if "NotAction" in s or "NotResource" in s]


def test_every_pattern_in_a_resource_has_its_reason() -> None:
    written = {text_of(r) for _, s in allowed() for r in as_list(s["Resource"])}
    patterns = {text for text in written if "*" in text or "?" in text}

    assert "*" not in written
    unexplained = {text for text in patterns if not text.endswith(tuple(PATTERNS))}
    assert unexplained == set()
    assert all(any(text.endswith(known) for text in patterns) for known in PATTERNS)


def test_a_policy_that_is_not_written_here_has_its_reason() -> None:
    used = {
        text_of(arn).rpartition("/")[2]
        for role in properties("AWS::IAM::Role").values()
        for arn in role.get("ManagedPolicyArns", [])
    }

    assert used == set(MANAGED)


def test_no_statement_repeats_another_of_its_role() -> None:
    """What is given twice is taken away once, and stays."""
    given = [
        (name, action, text_of(resource))
        for name, statement in allowed()
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]

    assert sorted(given) == sorted(set(given))


# --- Roles ---------------------------------------------------------------------------------------


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [role_of(function) for function in FUNCTIONS]

    assert len(set(roles)) == len(roles) == 7


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_role_is_lambdas_alone(function: str) -> None:
    role = properties("AWS::IAM::Role")[role_of(function)]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    assert "ManagedPolicyArns" not in role


@pytest.mark.parametrize("role", sorted(properties("AWS::IAM::Role")))
def test_no_role_is_open_to_another_account(role: str) -> None:
    for statement in properties("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"]:
        assert set(statement["Principal"]) == {"Service"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reads_the_secrets_that_it_is_told_of_and_no_other(function: str) -> None:
    environment = properties("AWS::Lambda::Function")[function]["Environment"]["Variables"]
    secrets = set(properties("AWS::SecretsManager::Secret"))
    told = {name.split(".")[0] for name in references(environment)} & secrets

    assert may(role_of(function)).get("secretsmanager", set()) == told


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_invokes_what_it_is_told_of_and_no_other(function: str) -> None:
    known = values()
    environment = properties("AWS::Lambda::Function")[function]["Environment"]["Variables"]
    told = {
        str(resolve(value, known))
        for name, value in environment.items()
        if name in ("IMAGE_GENERATE_FUNCTION", "KEEPER_FUNCTION", "LLM_HANDLER_FUNCTION")
    }
    if function == "ImageGenerateFunction":  # its destination on failure
        told |= {str(resolve({"Ref": "KeeperFunctionAliaslive"}, known))}
    invoked = {
        str(resolve(resource, known))
        for name, statement in allowed()
        if name == role_of(function) and "lambda:InvokeFunction" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }

    assert invoked == told
    assert all(arn.endswith(":live") for arn in invoked)


def test_only_the_keeper_removes_in_bulk() -> None:
    removing = {"dynamodb:BatchWriteItem", "s3:DeleteObject", "cloudfront:CreateInvalidation"}
    who = {name for name, s in allowed() if removing & set(as_list(s["Action"]))}

    assert who == {"KeeperRole", "KeeperInvalidates"}


def test_who_signs_addresses_of_originals_and_shares_does_no_more_with_the_bucket() -> None:
    of_s3 = {
        (statement["Action"], text_of(resource))
        for name, statement in allowed()
        if name == "ChatApiRole" and any(a.startswith("s3:") for a in as_list(statement["Action"]))
        for resource in as_list(statement["Resource"])
    }

    assert of_s3 == {
        ("s3:GetObject", "${ImagesBucket.Arn}/p/*/original"),
        ("s3:GetObject", "${ImagesBucket.Arn}/p/*/full.webp"),
        ("s3:PutObject", "${ImagesBucket.Arn}/shared/*"),
    }


def test_the_page_reads_its_configuration_and_what_is_shared_and_nothing_else() -> None:
    of_tables = [
        (statement["Action"], sorted(references(statement["Resource"])))
        for name, statement in allowed()
        if name == "WebPageRole" and "dynamodb" in json.dumps(statement["Action"])
    ]
    secrets = [
        text_of(statement["Resource"])
        for name, statement in allowed()
        if name == "WebPageRole" and "secretsmanager:GetSecretValue" in as_list(statement["Action"])
    ]

    assert set(may("WebPageRole")) == {"ssm", "secretsmanager", "logs", "dynamodb"}
    assert of_tables == [("dynamodb:GetItem", ["SharesTable.Arn"])]
    assert secrets == [text_of({"Fn::GetAtt": ["WebPushSecret", "Id"]})]


# --- Who starts a function, and what is public ---------------------------------------------------


@pytest.mark.parametrize("permission", sorted(properties("AWS::Lambda::Permission")))
def test_a_function_is_started_by_this_stacks_apis_and_rule_only(permission: str) -> None:
    given = properties("AWS::Lambda::Permission")[permission]
    source = resolve(given["SourceArn"], values())

    assert given["Principal"] in STARTERS
    assert given["Action"] == "lambda:InvokeFunction"
    assert given["FunctionName"]["Ref"].endswith("Aliaslive")
    named = {name.split(".")[0] for name in references(given["SourceArn"])}
    assert named & {"HttpApi", "WebSocketApi", "KeeperFunctionSweep"}
    assert re.match(r"arn:aws:(execute-api|events):[a-z0-9-]+:\d{12}:[^*]", source)


# Lambda, "Quotas": what may start a function, all of it, for each alias.
LARGEST_POLICY = 20 * 1024


def test_who_may_start_a_function_fits_into_its_policy() -> None:
    """One statement for each route, as Lambda writes it, of a stack with the longest name."""
    stack = "s" * 45
    function = f"arn:aws:lambda:ap-southeast-2:123456789012:function:{stack}-llm_handler:live"
    names = values()
    size: defaultdict[str, int] = defaultdict(int)
    for id_, given in properties("AWS::Lambda::Permission").items():
        source = resolve(given["SourceArn"], names)
        statement = {
            "Sid": f"{stack}-{id_}-ABCDEFGHIJKL",
            "Effect": "Allow",
            "Principal": {"Service": given["Principal"]},
            "Action": given["Action"],
            "Resource": function,
            "Condition": {"ArnLike": {"AWS:SourceArn": source}},
        }
        size[given["FunctionName"]["Ref"]] += len(json.dumps(statement))

    assert max(size.values()) < LARGEST_POLICY


def test_nobody_is_everybody() -> None:
    open_to_all = [
        statement
        for _, statement in statements()
        if statement["Effect"] == "Allow" and "*" in json.dumps(statement.get("Principal", ""))
    ]

    assert open_to_all == []
    assert not properties("AWS::Lambda::Url")
    assert not [kind for kind in kinds() if kind.startswith(("AWS::EC2::", "AWS::RDS::"))]


def kinds() -> set[str]:
    return {resource["Type"] for resource in resources().values()}


def test_a_rollout_moves_this_stacks_aliases_and_sees_its_alarms_only() -> None:
    known = values()
    names = {
        str(resolve(resource, known))
        for name, statement in allowed()
        if name == "RolloutRole"
        for resource in as_list(statement["Resource"])
    }
    functions = {str(resolve({"Fn::GetAtt": [function, "Arn"]}, known)) for function in FUNCTIONS}
    [pattern] = names - functions - {f"{arn}:live" for arn in functions}
    seen = {
        name
        for name, alarm in properties("AWS::CloudWatch::Alarm").items()
        if fnmatch(
            str(resolve(alarm.get("AlarmName", ""), known)), pattern.rpartition(":alarm:")[2]
        )
    }

    assert names == functions | {f"{arn}:live" for arn in functions} | {pattern}
    assert seen == {
        alarm["Name"]["Ref"]
        for group in properties("AWS::CodeDeploy::DeploymentGroup").values()
        for alarm in group["AlarmConfiguration"]["Alarms"]
    }
