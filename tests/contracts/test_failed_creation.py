"""A first deployment that fails: what it leaves, and that the documentation's commands remove it.

What keeps data, and who signs people in, in MiniStack's CloudFormation, with something behind it
that cannot be made; of the tables, which are all alike, two. The commands are run by a shell as
docs/deploy.md has them; `aws`, `sam` and `make` are the few lines below.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.local_stack.names import ADMIN_KEY, ADMIN_SECRET, REGION
from tests.local_stack.template.intrinsics import resolve
from tests.support.docs import shell_blocks
from tests.support.ministack import ministack
from tests.support.plain_template import of_kind, parameters, resources
from tests.support.shell import Shell

pytestmark = pytest.mark.slow

STACK = "afterimage"
SERVICES = (
    "cloudformation,dynamodb,s3,cognito-idp,iam,sts,logs,lambda,ssm,cloudwatch,cloudfront,"
    "apigateway"
)
KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool")
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ZipFile": "def lambda_handler(event, context): ..."},
        "Handler": "index.lambda_handler",
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/nobody",
    },
}
VERSION = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
COMMANDS = {
    "sam": 'exec "$PYTHON" -m tests.support.aws_cli cloudformation delete-stack --stack-name "$3"',
    "make": 'exec "$PYTHON" -m tests.aws_preflight "${2#STACK=}"',
}


class Account:
    """An account and a shell in it."""

    def __init__(self, address: str, folder: Path) -> None:
        self.run = Shell(address, folder, COMMANDS).run
        self._address = address

    def client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._address,
            region_name=REGION,
            aws_access_key_id=ADMIN_KEY,
            aws_secret_access_key=ADMIN_SECRET,
        )

    def deploy_in_vain(self) -> None:
        """A first deployment whose last resource cannot be made."""
        formation = self.client("cloudformation")
        known = parameters()
        kept = {name: one for name, one in resources().items() if one["Type"] in KEPT}
        for table in sorted(of_kind("AWS::DynamoDB::Table"))[2:]:
            del kept[table]
        made = {
            name: {key: resolve(part, known) for key, part in resource.items()}
            for name, resource in kept.items()
        }
        last = {"Function": {**FUNCTION, "DependsOn": list(made)}, "Version": VERSION}
        breaks = {**VERSION, "DependsOn": ["Version"]}
        body = json.dumps({"Resources": {**made, **last, "Breaks": breaks}})
        formation.create_stack(StackName=STACK, TemplateBody=body)
        give_up = time.monotonic() + 30
        while self.status().endswith("_IN_PROGRESS"):
            assert time.monotonic() < give_up
            time.sleep(0.1)

    def status(self) -> str:
        [found] = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return str(found["StackStatus"])

    def left(self) -> tuple[int, int, int]:
        """How many tables, buckets and user pools there are."""
        return (
            len(self.client("dynamodb").list_tables()["TableNames"]),
            len(self.client("s3").list_buckets()["Buckets"]),
            len(self.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]),
        )


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with ministack(tmp_path, SERVICES) as address:
        yield Account(address, tmp_path)


def test_what_a_failed_creation_leaves_is_removed_by_the_commands_of_the_documentation(
    account: Account,
) -> None:
    why, remove = shell_blocks("deploy", "If the first deployment failed")
    account.deploy_in_vain()

    # Then: it stays what is protected, and nothing else
    assert account.status() == "ROLLBACK_COMPLETE"
    assert account.left() == (2, 0, 1)

    # When: somebody asks why
    assert "A version for this Lambda function exists" in account.run(why)

    # When: they do what is said
    preflight = account.run(remove)

    # Then: nothing stands in the way of the next
    assert account.left() == (0, 0, 0)
    assert "state of the stack" in preflight
