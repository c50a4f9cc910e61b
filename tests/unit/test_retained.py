"""What outlives the stack can be taken into a new one, before anything else is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.aws_retained.importing import template_of
from tests.aws_retained.left import BUCKET, IDENTIFIERS, POOL, TABLE, Left, everything
from tests.aws_smoke.rows import Wrong
from tests.support.stubbed_aws import StubbedAws, stubbed_aws
from tests.support.template import ROOT, of_type, template

TABLES = {id_: f"stack-{id_}-1A2B" for id_ in of_type(TABLE)}
BUCKETS = ["stack-imagesbucket-1a2b", "stack-of-somebody-else"]


def kept() -> dict[str, dict[str, Any]]:
    return {
        name: one for name, one in template()["Resources"].items() if one["Type"] in IDENTIFIERS
    }


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


aws = pytest.fixture(stubbed_aws)


def account_has(aws: StubbedAws, tables: list[str], pools: dict[str, str]) -> None:
    """Tables and buckets by name, pools by name and id."""
    aws.answers("dynamodb", "list_tables", {"TableNames": tables})
    aws.answers("s3", "list_buckets", {"Buckets": [{"Name": name} for name in BUCKETS]})
    listed = [{"Name": name, "Id": id_} for name, id_ in pools.items()]
    aws.answers("cognito-idp", "list_user_pools", {"UserPools": listed})


def test_what_a_failed_creation_leaves_is_what_cannot_be_removed_by_it() -> None:
    """Protected ones, and a role that the account's setting names."""
    policies = {n: r for n, r in template()["Resources"].items() if "DeletionPolicy" in r}
    left = {name for name, one in policies.items() if one["DeletionPolicy"] == "Retain"}
    protected = {
        name
        for name, one in policies.items()
        if {"DeletionProtectionEnabled", "DeletionProtection"} & set(one["Properties"])
    }

    assert left == protected | {"ApiGatewayAccount", "ApiGatewayLogRole"}
    assert set(policies) - left == {"ImagesBucket", "FirstUser"}


def test_the_first_user_is_invited_when_there_is_what_they_are_invited_to() -> None:
    needed = set(template()["Resources"]["FirstUser"]["DependsOn"])

    assert needed == {"PageClient", "SignInDomain", "PublicConfig"}


def test_what_is_kept_has_no_name_of_its_own_and_waits_for_nothing() -> None:
    for name, one in kept().items():
        assert not {"TableName", "BucketName", "UserPoolId", "DependsOn"} & set(keys(one)), name


def test_an_import_is_whole_by_itself() -> None:
    written = template_of("stack", [Left(one["Type"], name, name) for name, one in kept().items()])

    assert set(written) == {"Resources"}
    assert {name: one["Type"] for name, one in written["Resources"].items()} == {
        name: one["Type"] for name, one in kept().items()
    }
    found = set(keys(written))
    assert not [key for key in found if key in ("Ref", "Condition") or key.startswith("Fn::")]
    pool = written["Resources"]["UserPool"]
    assert pool["DeletionPolicy"] == "Retain"
    assert pool["Properties"]["UserPoolName"] == "stack"
    assert pool["Properties"]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_everything_is_found_and_nothing_of_others(aws: StubbedAws) -> None:
    account_has(
        aws,
        [*TABLES.values(), "stack2-MessagesTable-1A2B", "stack-Else-1"],
        {"stack": "eu-central-1_Own", "stack2": "eu-central-1_Other"},
    )

    found = [one.to_import for one in everything(aws)]

    assert found == [
        *(
            {
                "ResourceType": TABLE,
                "LogicalResourceId": id_,
                "ResourceIdentifier": {"TableName": name},
            }
            for id_, name in TABLES.items()
        ),
        {
            "ResourceType": BUCKET,
            "LogicalResourceId": "ImagesBucket",
            "ResourceIdentifier": {"BucketName": "stack-imagesbucket-1a2b"},
        },
        {
            "ResourceType": POOL,
            "LogicalResourceId": "UserPool",
            "ResourceIdentifier": {"UserPoolId": "eu-central-1_Own"},
        },
    ]


def test_of_an_own_issuer_there_is_no_pool(aws: StubbedAws) -> None:
    account_has(aws, list(TABLES.values()), {})

    assert POOL not in {one.type for one in everything(aws)}


def test_restored_tables_are_taken_by_their_ending(aws: StubbedAws) -> None:
    restored = [f"{name}-restored" for name in TABLES.values()]
    account_has(aws, [*TABLES.values(), *restored], {})

    found = everything(aws, "-restored")

    assert [one.name for one in found if one.type == TABLE] == restored


@pytest.mark.parametrize(
    ("tables", "pools", "said"),
    [
        (list(TABLES.values())[1:], {}, f"no {next(iter(TABLES))} of a stack stack"),
        ([*TABLES.values(), "stack-ChatsTable-3C4D"], {}, "stack-ChatsTable-3C4D"),
    ],
)
def test_what_is_not_clear_is_not_taken(
    aws: StubbedAws, tables: list[str], pools: dict[str, str], said: str
) -> None:
    account_has(aws, tables, pools)

    with pytest.raises(Wrong, match=said):
        everything(aws)


# --- What stays when everything is to go --------------------------------------------------------


def section(title: str) -> str:
    page = (ROOT / "docs" / "restore.md").read_text()
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def removal() -> str:
    return section("Remove everything")


def stays(resource: dict[str, Any]) -> bool:
    """Whether it outlives its stack, all of it or for a while."""
    policy = resource.get("DeletionPolicy", "Delete")
    return policy != "Delete" or resource["Type"] in LINGERING


# A key is only scheduled for deletion (AWS KMS, "Deleting AWS KMS keys").
LINGERING = {"AWS::KMS::Key"}


def test_whatever_outlives_the_stack_is_named_with_the_way_to_remove_it() -> None:
    outliving = {name for name, one in template()["Resources"].items() if stays(one)}

    rows = [line for line in removal().splitlines() if line.startswith("| ")]
    named = {name for line in rows for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert outliving == named & set(template()["Resources"])
    assert "35 days" in removal()  # of recovery, in what DynamoDB keeps by itself


def test_what_a_restored_table_forgets_of_itself_is_said() -> None:
    made = of_type(TABLE).items()
    expiring = {name for name, one in made if "TimeToLiveSpecification" in one}

    assert set(re.findall(r"`(\w+Table)`", section("Restore"))) == expiring
