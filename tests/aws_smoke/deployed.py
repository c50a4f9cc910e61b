"""A deployed stack: its resources by CloudFormation, its public configuration, AWS's services."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from time import monotonic, sleep
from typing import Any

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config

from tests.aws_smoke.rows import Check, Skipped, Wrong

# Of the public configuration.
OPTIONAL = {"sign_in_origin", "push_hosts", "contact_url", "frame_ancestors"}


class Deployed:
    """One stack.

    Args:
        session: with credentials and Region; endpoints of its own come from boto3's variables.
        patience: seconds to wait for what happens later, such as a picture or an invalidation.
    """

    def __init__(self, name: str, session: boto3.Session, patience: float) -> None:
        self.name = name
        self.patience = patience
        self._session = session
        self._clients: dict[str, Any] = {}
        self._https: dict[str, httpx.Client] = {}

    def aws(self, service: Any) -> Any:
        """A client of one of AWS's services."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def as_anybody(self, service: Any) -> Any:
        """A client without credentials."""
        key = f"{service}, unsigned"
        if key not in self._clients:
            unsigned = Config(signature_version=UNSIGNED)
            self._clients[key] = self._session.client(service, config=unsigned)
        return self._clients[key]

    def http(self, token: str = "") -> httpx.Client:
        """A client of the page and the HTTP API."""
        if token not in self._https:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            # API Gateway gives up after 30 s.
            self._https[token] = httpx.Client(base_url=self.url, headers=headers, timeout=35)
        return self._https[token]

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """What CloudFormation says of the stack."""
        stacks = self.aws("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        found: Mapping[str, Any] = stacks[0]
        return found

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Parameters as they were deployed."""
        given = self.described.get("Parameters", [])
        return {one["ParameterKey"]: one.get("ParameterValue", "") for one in given}

    @cached_property
    def resources(self) -> list[Mapping[str, Any]]:
        """Every resource; by pages, because one answer holds a hundred at most."""
        pages = self.aws("cloudformation").get_paginator("list_stack_resources")
        return [
            resource
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
        ]

    def of_type(self, type_: str) -> dict[str, str]:
        """Physical ids by logical ids.

        Raises:
            Skipped: the stack has none.
        """
        found = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in self.resources
            if resource["ResourceType"] == type_
        }
        if not found:
            raise Skipped(f"CloudFormation lists no {type_} in this stack")
        return found

    def one_of_type(self, type_: str) -> str:
        """The physical id of the only one."""
        (found,) = self.of_type(type_).values()
        return found

    def resource(self, logical_id: str) -> str:
        """Physical id of a resource.

        Raises:
            Skipped: the stack has no such resource.
        """
        for resource in self.resources:
            if resource["LogicalResourceId"] == logical_id:
                found: str = resource["PhysicalResourceId"]
                return found
        raise Skipped(f"CloudFormation lists no {logical_id} in this stack")

    @cached_property
    def config(self) -> Mapping[str, str]:
        """The public configuration, which functions read as well."""
        name = self.resource("PublicConfig")
        value = self.aws("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        found: Mapping[str, str] = json.loads(value)
        return found

    @property
    def url(self) -> str:
        """Address of the page and of the HTTP API."""
        return self.config["public_url"]

    def close(self) -> None:
        """Closes the clients."""
        for client in (*self._clients.values(), *self._https.values()):
            client.close()


def checks(stack: Deployed) -> Iterator[Check]:
    """Whether the stack is there as a whole."""
    yield Check("stack: deployed as a whole", lambda: complete(stack))
    yield Check("stack: public configuration", lambda: configured(stack))


def complete(stack: Deployed) -> str:
    """Its last deployment came through, and so did every resource."""
    status: str = stack.described["StackStatus"]
    failed = [
        resource["LogicalResourceId"]
        for resource in stack.resources
        if resource["ResourceStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        and resource["ResourceStatus"] != "IMPORT_COMPLETE"
    ]
    said = f"{status}, {len(stack.resources)} resources"
    if failed:
        raise Wrong(f"{said}; not complete: {', '.join(failed)}")
    if status == "UPDATE_ROLLBACK_COMPLETE":
        raise Wrong(f"{said}: the last deployment was taken back")
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        raise Wrong(f"{said}: wait until it is over")
    return said


def configured(stack: Deployed) -> str:
    """It names everything that browsers and functions need."""
    empty = [key for key, value in stack.config.items() if not value and key not in OPTIONAL]
    if empty:
        raise Wrong(f"empty: {', '.join(empty)}")
    return f"{stack.url}, issuer {stack.config['issuer']}"


def eventually(holds: Callable[[], bool], seconds: float, pause: float) -> float | None:
    """Seconds until something held, None if it did not within `seconds`."""
    started = monotonic()
    while not holds():
        if monotonic() - started > seconds:
            return None
        sleep(pause)
    return monotonic() - started
