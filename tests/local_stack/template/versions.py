"""Versions of functions from one deployment to the next, by CloudFormation's and Lambda's rules.

CloudFormation publishes a version where the logical id of its resource, or its description, is
another than before; else the alias goes on calling the version that it called, and what that holds
is what was given when it was published. Lambda refuses a second version of what has not changed
("PublishVersion", AWS Lambda API reference).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.local_stack.states import write_file
from tests.local_stack.template.deployment import DeploymentError

Resources = Mapping[str, Any]  # logical id to resource, every reference resolved
# Of a function's properties, those that are no part of a version.
_NOT_VERSIONED = frozenset(
    {"FunctionName", "ReservedConcurrentExecutions", "Tags", "RecursiveLoop"}
)


@dataclass(frozen=True)
class Version:
    """What was published last of one function.

    Attributes:
        resource: logical id of the version, which is made of the template's text.
        content: what it holds: the function's properties of that time.
    """

    number: int
    resource: str
    description: str
    content: Mapping[str, Any]


class Versions:
    """The version behind the alias of each function.

    Args:
        file: where they are kept from one run to the next; None keeps nothing.
        stack_id: of the stack that they are of; one that was deleted took its versions along.
    """

    def __init__(self, file: Path | None, stack_id: str = "") -> None:
        self._file = file
        self._stack_id = stack_id
        kept = _read(file) if file is not None and file.exists() else {}
        self._published = kept.get(stack_id, {})

    def deploy(self, resources: Resources) -> Resources:
        """The resources with each function as its alias calls it, `Version` beside its properties.

        Raises:
            DeploymentError: there would be a second version of the same, or the alias calls what is
                not on this machine any more. Nothing is published then.
        """
        found = dict(self._wanted(resources))
        served = dict(resources)
        for function, version in found.items():
            served[function] = _as_published(function, resources, version)
        self._published = found
        if self._file is not None:
            kept = {self._stack_id: {name: asdict(version) for name, version in found.items()}}
            write_file(self._file, json.dumps(kept))
        return served

    def _wanted(self, resources: Resources) -> Iterator[tuple[str, Version]]:
        functions = {resources[name]["Id"]: name for name in resources}
        for resource, published in resources.items():
            if published["Type"] != "AWS::Lambda::Version":
                continue
            properties = published["Properties"]
            function = functions[properties["FunctionName"]]
            description = str(properties.get("Description", ""))
            content = _content(resources[function]["Properties"])
            before = self._published.get(function)
            yield function, _next(function, before, (resource, description), content)


def with_digests(template: dict[str, Any], root: Path, bucket: str) -> None:
    """Adds to each address of code what `sam package` adds: another one for other content."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri"):
            path = str(properties.get(name, "")).removeprefix(f"s3://{bucket}/")
            if path and (root / path).is_dir():
                properties[name] = f"s3://{bucket}/{path}?versionId={_digest(root / path)}"


def _next(
    function: str, before: Version | None, published: tuple[str, str], content: Mapping[str, Any]
) -> Version:
    if before is None:
        return Version(1, *published, content)
    if (before.resource, before.description) == published:
        return before
    if before.content == content:
        raise DeploymentError(
            f"{function}: A version for this Lambda function exists ( {before.number} ). "
            "Another word as Release publishes it anew."
        )
    return Version(before.number + 1, *published, content)


def _as_published(function: str, resources: Resources, version: Version) -> dict[str, Any]:
    resource = resources[function]
    now = resource["Properties"]
    for part in ("Code", "Layers"):
        if version.content.get(part) != now.get(part):
            raise DeploymentError(
                f"{function}: its alias calls version {version.number}, whose {part} is not here"
            )
    kept = {name: value for name, value in now.items() if name in _NOT_VERSIONED}
    return {
        **resource,
        "Properties": {**version.content, **kept},
        "Version": str(version.number),
    }


def _content(properties: Mapping[str, Any]) -> dict[str, Any]:
    held = {name: value for name, value in properties.items() if name not in _NOT_VERSIONED}
    found: dict[str, Any] = json.loads(json.dumps(held))
    return found


def _read(file: Path) -> dict[str, dict[str, Version]]:
    """By the id of the stack, and the function's logical id."""
    return {
        stack_id: {name: Version(**version) for name, version in versions.items()}
        for stack_id, versions in json.loads(file.read_text("utf-8")).items()
    }


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
