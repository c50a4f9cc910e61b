"""Tables and bucket that outlived a stack are taken into a new one, as CloudFormation imports."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from tests.local_stack.testing import RunningStack as Stack
from tests.support.template import of_type, template

_PATIENCE = 20.0
_OF_A_TABLE = (
    *("BillingMode", "AttributeDefinitions", "KeySchema"),
    *("GlobalSecondaryIndexes", "LocalSecondaryIndexes"),
)


def leave_behind(stack: Stack, word: str) -> dict[str, tuple[str, str, str]]:
    """What is kept of a deleted stack: type, name's key and name, by logical id."""
    left: dict[str, tuple[str, str, str]] = {}
    for logical, properties in of_type("AWS::DynamoDB::Table").items():
        given = {key: properties[key] for key in _OF_A_TABLE if key in properties}
        stack.aws("dynamodb").create_table(TableName=f"{word}-{logical}", **given)
        left[logical] = ("AWS::DynamoDB::Table", "TableName", f"{word}-{logical}")
    stack.aws("s3").create_bucket(
        Bucket=word, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return {**left, "ImagesBucket": ("AWS::S3::Bucket", "BucketName", word)}


def test_what_outlived_a_stack_is_imported_and_keeps_its_rows(stack: Stack) -> None:
    word = f"kept-{uuid.uuid4().hex[:8]}"
    left = leave_behind(stack, word)
    row = {"user_id": {"S": "u"}, "image_id": {"S": "i"}}
    stack.aws("dynamodb").put_item(TableName=f"{word}-UserImagesTable", Item=row)
    resources = {name: template()["Resources"][name] for name in left}

    take_in(stack, word, resources, left)

    found = stack.aws("cloudformation").describe_stack_resources(StackName=word)["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    assert names == {logical: name for logical, (_, _, name) in left.items()}
    kept = stack.aws("dynamodb").get_item(TableName=names["UserImagesTable"], Key=row)
    assert kept["Item"] == row


def take_in(
    stack: Stack, name: str, resources: dict[str, Any], left: dict[str, tuple[str, str, str]]
) -> None:
    formation = stack.aws("cloudformation")
    formation.create_change_set(
        StackName=name,
        ChangeSetName="retained",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps({"Resources": resources}),
        ResourcesToImport=[
            {
                "ResourceType": kind,
                "LogicalResourceId": logical,
                "ResourceIdentifier": {key: physical},
            }
            for logical, (kind, key, physical) in left.items()
        ],
    )
    formation.execute_change_set(StackName=name, ChangeSetName="retained")
    give_up = time.monotonic() + _PATIENCE
    while (status := status_of(formation, name)) != "IMPORT_COMPLETE":
        assert time.monotonic() < give_up, status
        time.sleep(0.1)


def status_of(formation: Any, name: str) -> str:
    status: str = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return status
