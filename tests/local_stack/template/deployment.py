"""Deploys the data side to MiniStack by CloudFormation and reads back what it is called."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.local_stack.names import STACK_NAME
from tests.local_stack.template.data_side import output_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient

_DEPLOY_SECONDS = 30
_POLL_SECONDS = 0.05


class DeploymentError(Exception):
    """CloudFormation did not finish the stack; the message says what it said."""


@dataclass(frozen=True)
class Deployment:
    """Physical ids by logical id, and the values that were asked for by their reference."""

    stack_id: str
    physical_ids: Mapping[str, str]
    values: Mapping[str, str]


def deploy(
    client: "CloudFormationClient", template: Mapping[str, Any], asked_for: Sequence[str]
) -> Deployment:
    """Creates the stack, or updates the one that an earlier run left in STATE_DIR."""
    _create_or_update(client, json.dumps(template))
    stack = _finished(client)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    resources = client.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    return Deployment(
        stack_id=stack["StackId"],
        physical_ids={r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources},
        values={name: outputs[output_name(number)] for number, name in enumerate(asked_for)},
    )


def _create_or_update(client: "CloudFormationClient", body: str) -> None:
    try:
        client.create_stack(
            StackName=STACK_NAME, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
    except client.exceptions.AlreadyExistsException:
        try:
            client.update_stack(
                StackName=STACK_NAME, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
            )
        except ClientError as error:
            # A template without any change is an error of update_stack, and fine here.
            if "No updates are to be performed" not in str(error):
                raise


def _finished(client: "CloudFormationClient") -> "StackTypeDef":
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = client.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return stack
        if "FAILED" in status or "ROLLBACK" in status:
            raise DeploymentError(f"{status}: {_reasons(client)}")
        time.sleep(_POLL_SECONDS)
    raise DeploymentError(f"the stack was not deployed within {_DEPLOY_SECONDS} s")


def _reasons(client: "CloudFormationClient") -> str:
    events = client.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "") and event.get("ResourceStatusReason")
    )


def tables(resources: Mapping[str, Any], deployment: Deployment) -> list[str]:
    """Names of all tables."""
    return [
        deployment.physical_ids[name]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]


def enable_expiry(
    client: "DynamoDBClient", resources: Mapping[str, Any], deployment: Deployment
) -> None:
    """Turns time-to-live on, which MiniStack's CloudFormation leaves out of a table."""
    for name, resource in resources.items():
        setting = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] != "AWS::DynamoDB::Table" or not setting:
            continue
        table = deployment.physical_ids[name]
        described = client.describe_time_to_live(TableName=table)
        if described["TimeToLiveDescription"].get("TimeToLiveStatus") != "ENABLED":
            client.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)


def protect_tables(
    client: "DynamoDBClient", resources: Mapping[str, Any], deployment: Deployment
) -> None:
    """Turns recovery and encryption on, which MiniStack's CloudFormation leaves out as well."""
    for name, resource in resources.items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        table, properties = deployment.physical_ids[name], resource["Properties"]
        if setting := properties.get("PointInTimeRecoverySpecification"):
            client.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification=setting
            )
        if properties.get("SSESpecification", {}).get("SSEEnabled"):
            client.update_table(TableName=table, SSESpecification={"Enabled": True})
