"""What outlives the stack can be taken into a new one, before anything else is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.template import template


def data() -> dict[str, dict[str, Any]]:
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
    return {name: one for name, one in template()["Resources"].items() if one["Type"] in kinds}


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_tables_and_bucket_are_kept() -> None:
    assert len(data()) == 7
    for name, one in data().items():
        assert one["UpdateReplacePolicy"] == "Retain", name
        assert one["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate"), name


def test_what_a_failed_creation_leaves_is_what_cannot_be_removed_by_it() -> None:
    """Protected ones, and a role that the account's setting names."""
    kept = {n: r for n, r in template()["Resources"].items() if "DeletionPolicy" in r}
    left = {name for name, one in kept.items() if one["DeletionPolicy"] == "Retain"}
    protected = {
        name
        for name, one in kept.items()
        if {"DeletionProtectionEnabled", "DeletionProtection"} & set(one["Properties"])
    }

    assert left == protected | {"ApiGatewayAccount", "ApiGatewayLogRole"}
    assert set(kept) - left == {"ImagesBucket", "FirstUser"}


def test_the_first_user_is_invited_when_there_is_what_they_are_invited_to() -> None:
    needed = set(template()["Resources"]["FirstUser"]["DependsOn"])

    assert needed == {"PageClient", "SignInDomain", "PublicConfig"}


def test_what_is_kept_refers_to_nothing_and_has_no_name_of_its_own() -> None:
    for name, one in data().items():
        found = set(keys(one))
        assert not [key for key in found if key == "Ref" or key.startswith("Fn::")], name
        assert not {"TableName", "BucketName", "DependsOn", "Condition"} & found, name
