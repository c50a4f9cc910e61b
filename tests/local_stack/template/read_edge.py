"""Reads what the edge needs out of the template: which pictures it may read, and its secret."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.local_stack.template.intrinsics import Values, resolve

# The function at the edge is given its secret by a dynamic reference.
_SECRET = re.compile(r"resolve:secretsmanager:\$\{(\w+)\}")


@dataclass(frozen=True)
class EdgeSpec:
    """The pictures' way out.

    Attributes:
        readable: ARN patterns of the objects that the bucket policy lets the edge read.
    """

    bucket: str
    readable: tuple[str, ...]
    secret_id: str


def read_edge(
    resources: Mapping[str, Any], values: Values, physical_ids: Mapping[str, str]
) -> EdgeSpec | None:
    """The bucket that CloudFront may read and the secret of the function before it.

    Args:
        resources: of the transformed template, as they stand.
        values: with the answers of the deployed data side.
    """
    secret = next(
        (
            match[1]
            for resource in resources.values()
            if resource["Type"] == "AWS::CloudFront::Function"
            and (match := _SECRET.search(json.dumps(resource)))
        ),
        None,
    )
    for resource in resources.values():
        if resource["Type"] != "AWS::S3::BucketPolicy" or secret is None:
            continue
        readable = _readable(resolve(resource["Properties"]["PolicyDocument"], values))
        bucket = resource["Properties"]["Bucket"]["Ref"]
        return EdgeSpec(physical_ids[bucket], readable, physical_ids[secret])
    return None


def _readable(document: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for statement in document["Statement"]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and principal.get("Service") == "cloudfront.amazonaws.com":
            resource = statement["Resource"]
            found += [resource] if isinstance(resource, str) else resource
    return tuple(found)
