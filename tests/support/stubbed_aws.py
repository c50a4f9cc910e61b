"""AWS as a test tells it, for what looks at a stack: botocore's models check both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import boto3
from botocore.stub import Stubber

from tests.aws_smoke.deployed import Deployed

Answers = dict[str, Any]


@cache
def session() -> boto3.Session:
    """One for all, because it reads the models of AWS's services once."""
    return boto3.Session("key", "secret", region_name="eu-central-1")


class StubbedAws(Deployed):
    """A stack whose AWS answers what a test tells it, in order; botocore checks both sides."""

    def __init__(self, name: str) -> None:
        super().__init__(name, session(), patience=0)
        self._opened = ExitStack()
        self._stubs: dict[str, Stubber] = {}
        self.resources = []
        self.parameters = {}
        self.config = {
            "client_id": "page",
            "distribution_id": "E1",
            "public_url": "https://page.test",
        }

    def has(self, type_: str, **ids: str) -> None:
        """Resources of one type, physical ids by logical ids."""
        self.resources = [
            *self.resources,
            *(
                {
                    "LogicalResourceId": logical_id,
                    "PhysicalResourceId": physical_id,
                    "ResourceType": type_,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for logical_id, physical_id in ids.items()
            ),
        ]

    def answers(self, service: str, operation: str, answer: Answers, **asked: Any) -> None:
        """The next call of a service must be this one, with these parameters if any are given."""
        self._stub(service).add_response(operation, answer, asked or None)

    def refuses(self, service: str, operation: str, code: str, message: str = "") -> None:
        """The next call of a service is answered with an error."""
        self._stub(service).add_client_error(operation, code, message)

    def _stub(self, service: str) -> Stubber:
        if service not in self._stubs:
            self._stubs[service] = self._opened.enter_context(Stubber(self.aws(service)))
        return self._stubs[service]

    def close(self) -> None:
        self._opened.close()
        super().close()


def stubbed_aws() -> Iterator[StubbedAws]:
    """Of a stack called "stack"; in the end everything that was answered was asked for."""
    aws = StubbedAws("stack")
    yield aws
    for stub in aws._stubs.values():
        stub.assert_no_pending_responses()
    aws.close()
