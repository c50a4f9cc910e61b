"""One deployment after the other: which version the alias `live` calls, and what it was given.

The template's functions, layers, versions and aliases in MiniStack's CloudFormation, which refuses
a second version of a function that has not changed, as AWS does. What they refer to otherwise is a
name; nothing shifts, because MiniStack has no CodeDeploy.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.local_stack.names import REGION
from tests.local_stack.template.deployment import DeploymentError, deploy
from tests.local_stack.template.intrinsics import Values, resolve
from tests.local_stack.template.transform import (
    SOURCE_BUCKET,
    parameter_values,
    read_template,
    transform,
)
from tests.support.ministack import ministack
from tests.support.plain_template import KEY, values
from tests.support.template import ROOT

pytestmark = pytest.mark.slow

DEPLOYED = ("Function", "LayerVersion", "Version", "Alias")
ALL = {
    "llm_handler_gemini",
    "image_generate",
    "image_upload",
    "chat_api",
    "websocket",
    "keeper",
    "web_page",
}
# Fails when all else is done: a second version of what the first is a version of.
BREAKS = {
    "Type": "AWS::Lambda::Version",
    "DependsOn": ["ChatApiFunctionAliaslive"],
    "Properties": {"FunctionName": {"Ref": "ChatApiFunction"}},
}


class Deployments:
    """A stack that is deployed again and again."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client("s3").create_bucket(
            Bucket=SOURCE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def _client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._address,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def deploy(self, shared: str, **given: str) -> dict[str, str]:
        """`sam deploy` of a build with this content of the shared layer; versions by function."""
        self._deploy(self._resources(shared, given))
        return self.live()

    def deploy_in_vain(self, shared: str, **given: str) -> None:
        """A deployment that CloudFormation takes back."""
        with pytest.raises(DeploymentError, match="A version for this Lambda function exists"):
            self._deploy({**self._resources(shared, given), "Breaks": BREAKS})

    def _deploy(self, resources: Mapping[str, Any]) -> None:
        self._upload(resources)
        deploy(self._client("cloudformation"), {"Resources": resources}, [])

    def _resources(self, shared: str, given: Mapping[str, str]) -> dict[str, Any]:
        template = read_template(ROOT / "template.yaml")
        template["Resources"]["SharedLayer"]["Properties"]["ContentUri"] += shared
        plain = transform(template, parameter_values(template, {**KEY, **given}))
        made = {
            name: resource
            for name, resource in plain["Resources"].items()
            if resource["Type"] in {f"AWS::Lambda::{kind}" for kind in DEPLOYED}
        }
        return {name: _plain(resource, made, given) for name, resource in made.items()}

    def live(self) -> dict[str, str]:
        """The version behind each function's alias."""
        client = self._client("lambda")
        names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
        return {
            name.partition("-")[2]: client.get_alias(FunctionName=name, Name="live")[
                "FunctionVersion"
            ]
            for name in names
        }

    def setting(self, function: str, variable: str) -> str:
        """What the version behind the alias was given."""
        client = self._client("lambda")
        [name] = [
            each["FunctionName"]
            for each in client.list_functions()["Functions"]
            if each["FunctionName"].endswith(f"-{function}")
        ]
        made = client.get_function_configuration(FunctionName=name, Qualifier="live")
        return str(made["Environment"]["Variables"][variable])

    def _upload(self, resources: Mapping[str, Any]) -> None:
        for resource in resources.values():
            properties = resource["Properties"]
            code = properties.get("Code") or properties.get("Content")
            if code:
                body = _archive(code["S3Key"])
                self._client("s3").put_object(Bucket=SOURCE_BUCKET, Key=code["S3Key"], Body=body)


def _plain(
    resource: Mapping[str, Any], made: Mapping[str, Any], given: Mapping[str, str]
) -> dict[str, Any]:
    """Resolved, but for what refers to another of the resources that are made."""
    known = values(**given)
    others = Values(
        {name: value for name, value in known.refs.items() if name not in made},
        {n: value for n, value in known.attributes.items() if n.split(".")[0] not in made},
        known.conditions,
        known.mappings,
    )
    kept = ("Type", "Properties", "DeletionPolicy")
    resolved: dict[str, Any] = resolve({k: resource[k] for k in kept if k in resource}, others)
    return _with_text(resolved)


def _with_text(resource: dict[str, Any]) -> dict[str, Any]:
    """Numbers that are parameters come as text."""
    properties = resource["Properties"]
    for name in ("Timeout", "MemorySize", "ReservedConcurrentExecutions"):
        if name in properties:
            properties[name] = int(properties[name])
    return resource


def _archive(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), text)
    return file.getvalue()


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployments]:
    services = "cloudformation,iam,lambda,s3"
    with ministack(tmp_path_factory.mktemp("deployments"), services) as address:
        yield Deployments(address)


def test_each_deployment_takes_effect_and_fails_only_when_it_should(stack: Deployments) -> None:
    # Given: a first deployment
    assert stack.deploy("first") == dict.fromkeys(ALL, "1")

    # A release whose code is other: all functions have the layer
    second = stack.deploy("second")
    assert second == dict.fromkeys(ALL, "2")

    # A setting of one function
    third = stack.deploy("second", TextModel="another")
    assert third == {**second, "llm_handler_gemini": "3"}
    assert stack.setting("llm_handler_gemini", "TEXT_MODEL") == "another"

    # A setting of nobody, and one that is no part of a version
    chosen = {"TextModel": "another"}
    assert stack.deploy("second", **chosen, AlarmEmail="night@example.org") == third
    assert stack.deploy("second", **chosen, ImageConcurrency="20") == third

    # The same again
    assert stack.deploy("second", **chosen, ImageConcurrency="20") == third


def test_a_release_that_was_taken_back_goes_out_under_another_word(stack: Deployments) -> None:
    before = stack.deploy("first")

    stack.deploy_in_vain("second")
    assert stack.live() == before

    again = stack.deploy("second", Release="2")
    assert set(again) == ALL
    assert not set(again.values()) & {"1"}
    assert stack.setting("chat_api", "RELEASE") == "2"
