"""What a deleted stack left in an account: each thing by its name there and in the template."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.aws_smoke.deployed import Deployed
from tests.aws_smoke.rows import Wrong
from tests.support.template import of_type

TABLE, BUCKET, POOL = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Cognito::UserPool"
# By what CloudFormation knows one of them: the primary identifier of its resource type.
IDENTIFIERS = {TABLE: "TableName", BUCKET: "BucketName", POOL: "UserPoolId"}


@dataclass(frozen=True)
class Left:
    """One table, bucket or user pool.

    Attributes:
        logical_id: in the template.
        name: in the account; of a user pool its id.
    """

    type: str
    logical_id: str
    name: str

    @property
    def to_import(self) -> dict[str, Any]:
        """As CreateChangeSet takes it in `ResourcesToImport`."""
        return {
            "ResourceType": self.type,
            "LogicalResourceId": self.logical_id,
            "ResourceIdentifier": {IDENTIFIERS[self.type]: self.name},
        }


def tables(stack: Deployed) -> Iterator[Left]:
    """Tables, and what was restored of them under a longer name."""
    pages = stack.aws("dynamodb").get_paginator("list_tables").paginate()
    return _ours(stack, TABLE, (name for page in pages for name in page["TableNames"]))


def buckets(stack: Deployed) -> Iterator[Left]:
    """Buckets."""
    return _ours(stack, BUCKET, (one["Name"] for one in stack.aws("s3").list_buckets()["Buckets"]))


def user_pools(stack: Deployed) -> Iterator[Left]:
    """User pools, which are called like the stack."""
    client = stack.aws("cognito-idp")
    (logical_id,) = of_type(POOL)
    for page in client.get_paginator("list_user_pools").paginate(MaxResults=60):
        for pool in page["UserPools"]:
            if pool["Name"] == stack.name:
                yield Left(POOL, logical_id, pool["Id"])


def everything(stack: Deployed, ending: str = "") -> list[Left]:
    """What a stack of this name has to take in, each once.

    Args:
        ending: of the names of those tables that are meant, where there are several.

    Raises:
        Wrong: a table or bucket is missing, or there are several. A pool may be missing:
            people of an own issuer are the issuer's.
    """
    found = [one for one in tables(stack) if one.name.endswith(ending)]
    found += [*buckets(stack), *user_pools(stack)]
    names = _by_logical_id(found)
    missing = [id_ for type_ in (TABLE, BUCKET) for id_ in of_type(type_) if id_ not in names]
    if missing:
        raise Wrong(f"there is no {', no '.join(missing)} of a stack {stack.name} here")
    several = [", ".join(each) for each in names.values() if len(each) > 1]
    if several:
        raise Wrong(f"several that may be meant: {'; '.join(several)}")
    return found


def _by_logical_id(found: Iterable[Left]) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = {}
    for one in found:
        names.setdefault(one.logical_id, []).append(one.name)
    return names


def _ours(stack: Deployed, type_: str, listed: Iterable[str]) -> Iterator[Left]:
    """Those that CloudFormation would have named so for a resource of the template."""
    prefixes = {id_: f"{stack.name}-{id_}-".lower() for id_ in of_type(type_)}
    for name in listed:
        for logical_id, prefix in prefixes.items():
            if name.lower().startswith(prefix):
                yield Left(type_, logical_id, name)
